"""The one clock."""

import time


def now_ns() -> int:
    """CLOCK_MONOTONIC: all processes of a machine share it, and wall-clock steps do not move it."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
