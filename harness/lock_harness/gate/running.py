"""Whether a process computes, as far as /proc shows it."""

from pathlib import Path


def is_running(pid: int) -> bool:
    """Return whether a thread of the process runs, could run, or reads a disk; False where there is no /proc."""
    return any(_state(stat) in b"RD" for stat in Path(f"/proc/{pid}/task").glob("*/stat"))


def _state(stat: Path) -> bytes:
    try:
        return stat.read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        # the thread has ended
        return b"X"
