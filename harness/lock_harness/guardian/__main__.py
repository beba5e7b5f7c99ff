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

# how long a process may take to end by itself, and after a signal that asks it to
BY_ITSELF_S = 30.0
AFTER_SIGNAL_S = 5.0
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


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _kill(pid: int) -> None:
    """Kill a process and its process group, whose members may outlive it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    _signal(pid, signal.SIGKILL)


def _stop(pid: int, signals: list[int]) -> None:
    """Send the signals one after the other until the process has ended; kill it if it does not end."""
    for number in signals:
        _signal(pid, number)
        if _wait(lambda: _gone(pid), AFTER_SIGNAL_S if number else BY_ITSELF_S):
            return
    _kill(pid)


def _remove(directory: Path) -> bool:
    shutil.rmtree(directory, ignore_errors=True)
    return not directory.exists()


def _guard(directory: Path) -> None:
    owned: dict[int, list[int]] = {}
    files: list[str] = []
    # the loop ends when the harness closes the pipe or dies
    for line in sys.stdin:
        verb, *words = line.split()
        if verb == "own":
            owned[int(words[0])] = [int(number) for number in words[1:]]
        elif verb == "disown":
            owned.pop(int(words[0]), None)
        else:
            files.append(os.fsdecode(bytes.fromhex(words[0])))
    # the clients of a server end before it, so it does not wait for them
    for pid, signals in sorted(owned.items(), key=lambda item: bool(item[1])):
        _stop(pid, signals)
    for file in files:
        with contextlib.suppress(OSError):
            Path(file).unlink()
    _wait(lambda: _remove(directory), REMOVAL_S)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    private = Path(tempfile.mkdtemp(prefix="lock-harness-", dir=sys.argv[1]))  # 0700
    # if the harness has died already, the directory is removed at once
    with contextlib.suppress(BrokenPipeError):
        os.write(1, os.fsencode(private) + b"\n")
    _guard(private)
