"""The guardian's own process: starts at once, since it imports nothing but the standard library."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FAST_SHUTDOWN_S = 5.0
REMOVAL_S = 5.0


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    # a zombie still answers, but runs nothing and holds nothing; only its parent can bury it
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _kill(pid: int) -> None:
    """And the group that it leads, or led: what it started may outlive it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    _signal(pid, signal.SIGKILL)


def _stop_server(directory: Path) -> None:
    try:
        pid = int((directory / "data" / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    # SIGINT: fast shutdown.  SIGQUIT: immediate.  SIGKILL would leave shared memory behind: last resort
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        _signal(pid, number)
        if _wait(lambda: _gone(pid), FAST_SHUTDOWN_S):
            return


def _remove(directory: Path) -> bool:
    shutil.rmtree(directory, ignore_errors=True)
    return not directory.exists()


def _guard(directory: Path) -> None:
    owned: set[int] = set()
    for line in sys.stdin:  # ends when nobody holds the other end any more
        verb, pid = line.split()
        (owned.add if verb == "own" else owned.discard)(int(pid))
    _stop_server(directory)
    for pid in owned:
        _kill(pid)
    _wait(lambda: _remove(directory), REMOVAL_S)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    private = Path(tempfile.mkdtemp(prefix="lock-harness-", dir=sys.argv[1]))  # 0700
    with contextlib.suppress(BrokenPipeError):  # nobody wants it any more; then it is removed at once
        os.write(1, os.fsencode(private) + b"\n")
    _guard(private)
