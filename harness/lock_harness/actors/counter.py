"""A counter in a file that only the lock under test protects, so that a broken lock loses updates.

The counter is read by one system call and written by another, in a fixed width, so that a SIGKILL leaves
either the old number or the new one.
"""

import os
from pathlib import Path

from lock_harness.core.program import Month

WIDTH = 20


def increment(directory: Path, month: Month) -> int:
    """Add one to the counter of `month`; return the number before."""
    file = os.open(path_of(directory, month), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        found = int(os.pread(file, WIDTH, 0) or b"0")
        os.pwrite(file, b"%0*d" % (WIDTH, found + 1), 0)
    finally:
        os.close(file)
    return found


def reset(directory: Path, months: tuple[Month, ...]) -> None:
    for month in months:
        path_of(directory, month).unlink(missing_ok=True)


def path_of(directory: Path, month: Month) -> Path:
    return directory / f"{month}.counter"
