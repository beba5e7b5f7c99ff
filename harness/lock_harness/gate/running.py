"""Whether a process computes, as far as /proc shows it."""

import os


def is_running(pid: int) -> bool:
    """Return whether a thread of the process runs, could run, or reads a disk; False if it has ended, or without /proc."""
    threads = f"/proc/{pid}/task"
    try:
        # the directory may vanish even while it is being read
        with os.scandir(threads) as entries:
            return any(_state(f"{entry.path}/stat") in b"RD" for entry in entries)
    except OSError:
        return False


def _state(stat: str) -> bytes:
    try:
        with open(stat, "rb") as file:
            return file.read().rpartition(b") ")[2][:1]
    except OSError:
        # the thread has ended
        return b"X"
