"""The process of the guardian.  It imports only the standard library, so that it starts fast."""

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
    # a zombie gets signals, but has no code and no resources any more; only its parent can reap it
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
    """Kill a process and its process group, whose members may outlive it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    _signal(pid, signal.SIGKILL)


def _stop_server(directory: Path) -> None:
    try:
        pid = int((directory / "data" / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    # SIGINT: fast shutdown.  SIGQUIT: immediate shutdown.  SIGKILL leaves shared memory behind, so it comes last.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        _signal(pid, number)
        if _wait(lambda: _gone(pid), FAST_SHUTDOWN_S):
            return


def _remove(directory: Path) -> bool:
    shutil.rmtree(directory, ignore_errors=True)
    return not directory.exists()


def _guard(directory: Path) -> None:
    owned: set[int] = set()
    # the loop ends when the harness closes the pipe or dies
    for line in sys.stdin:
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
    # if the harness has died already, the directory is removed at once
    with contextlib.suppress(BrokenPipeError):
        os.write(1, os.fsencode(private) + b"\n")
    _guard(private)
