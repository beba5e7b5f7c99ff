"""The monotonic clock that all processes share, and how durations are written in messages."""

import os
import time
from pathlib import Path

# CLOCK_MONOTONIC: the same for all processes of a machine, and independent of changes to the wall clock
now_ns = time.monotonic_ns


def wait_until(at_ns: int) -> None:
    """Sleep until shortly before `at_ns`, then poll the clock: a sleep alone ends late by a varying time."""
    if (left_ns := at_ns - now_ns()) > 1_000_000:
        time.sleep((left_ns - 500_000) / 1e9)
    while now_ns() < at_ns:
        pass


def format_ms(duration_ns: int) -> str:
    """Return a duration in milliseconds with one decimal, such as "12.3 ms"."""
    return f"{duration_ns / 1e6:.1f} ms"


def process_began_s() -> float:
    """Return when this process was started, on the scale of `time.monotonic()`; where that is unknown, now.

    See proc(5), `starttime`: the time since the machine was started, in clock ticks.
    """
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except OSError:
        return time.monotonic()
