"""A private directory with a guardian: whatever happens to us, what lives there is cleaned up.

The guardian is a small process of its own that reads our end of a pipe.  When the pipe closes, because
we closed it or because we were killed, it ends the processes that it was told to own, stops the
PostgreSQL server whose data lie in the directory, and removes the directory.  As the tidy end and the
violent one take the same path, that path is walked on every run.
"""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

FAST_SHUTDOWN_S = 5.0
REMOVAL_S = 5.0
LONGEST_BASE = 60


class Guardian:
    """Our side: a fresh private directory and the pipe that keeps it alive."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="lock-harness-", dir=_base()))  # 0700
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(self.directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C in the terminal is for us, not for the guardian
        )

    def own(self, pid: int) -> None:
        """From now on `pid`, and the process group that it leads, must not outlive us."""
        self._tell(f"own {pid}\n")

    def disown(self, pid: int) -> None:
        """`pid` is gone, its number may be given to a stranger."""
        self._tell(f"disown {pid}\n")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # a guardian that was killed cannot be told anything
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()

    def close(self) -> None:
        """End everything that is owned and return when it is gone."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


def _base() -> Path:
    """The folder for temporary files, or /tmp where that one does not do.

    The path of a Unix socket has room for about a hundred bytes, and a server that root lends to another
    user must be able to get in.
    """
    usual = Path(tempfile.gettempdir()).resolve()
    enterable = all(folder.stat().st_mode & stat.S_IXOTH for folder in (usual, *usual.parents))
    short = len(str(usual)) <= LONGEST_BASE
    return usual if short and (enterable or os.geteuid() != 0) else Path("/tmp")  # noqa: S108 - mkdtemp is safe


@contextlib.contextmanager
def guarded_directory() -> Iterator[Guardian]:
    """A `Guardian` for the length of a `with` block."""
    guardian = Guardian()
    try:
        yield guardian
    finally:
        guardian.close()


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
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
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
    _guard(Path(sys.argv[1]))
