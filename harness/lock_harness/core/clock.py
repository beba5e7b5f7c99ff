"""The one clock."""

import time

now_ns = time.monotonic_ns  # all processes of a machine share it, and wall-clock steps do not move it


def wait_until(at_ns: int) -> None:
    """Sleep until shortly before, then watch the clock: a sleep alone ends a little late, and not for all alike."""
    if (left_ns := at_ns - now_ns()) > 1_000_000:
        time.sleep((left_ns - 500_000) / 1e9)
    while now_ns() < at_ns:
        pass
