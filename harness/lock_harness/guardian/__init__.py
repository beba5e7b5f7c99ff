"""A private directory with a guardian, which cleans up even if the harness is killed.

The guardian is a small process that reads a pipe from the harness.  When the pipe closes, because the harness closed
it or was killed, the guardian ends the processes that it owns, and removes the directory.  A normal exit and a SIGKILL
take the same path, so every run tests it.
"""

import contextlib
import os
import stat
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

from lock_harness.core.errors import MachineError

PROCESS = Path(__file__).with_name("__main__.py")
LONGEST_BASE = 60


class Guardian:
    """The harness's side of a guardian: a new private directory, and the pipe that keeps it."""

    def __init__(self) -> None:
        # the guardian creates the directory, so that it is guarded from the beginning
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROCESS), str(_base())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C in the terminal is for the harness
        )
        assert self._process.stdout is not None
        with self._process.stdout as answer:
            self.directory = Path(os.fsdecode(answer.readline().rstrip(b"\n")))
        _guardians.add(self)
        if not self.directory.is_dir():
            raise MachineError(
                f"no private directory could be created in {_base()}: is the disk full, or not writable?"
            )

    def own(self, pid: int, stop: Sequence[int] = ()) -> None:
        """Make the guardian end `pid`, and the process group that it leads, when the harness ends.

        Args:
            stop: Signals that ask the process to end, each with some time to do so.  Signal 0 is not sent: the process
                has time to end by itself.  Then, or at once if there are none, the process gets SIGKILL.
        """
        self._send(" ".join(["own", str(pid), *(str(int(number)) for number in stop)]) + "\n")

    def disown(self, pid: int) -> None:
        """Forget `pid`, which has ended: another process may get its number."""
        self._send(f"disown {pid}\n")

    def discard(self, file: Path) -> None:
        """Make the guardian remove a file outside its directory, if it still exists when the harness ends."""
        self._send(f"discard {os.fsencode(file).hex()}\n")

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        # the guardian may have been killed
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()

    def close(self) -> None:
        """Clean up; return when the guardian has ended."""
        self.let_go()
        self._process.wait()

    def let_go(self) -> None:
        """Close the pipe of this process; the guardian cleans up when no other process has it."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()


# The guardians of this process.  A process that is forked from it must not keep their pipes open.
_guardians: weakref.WeakSet[Guardian] = weakref.WeakSet()


def _leave_to_parent() -> None:
    for guardian in [*_guardians]:
        guardian.let_go()
    _guardians.clear()


os.register_at_fork(after_in_child=_leave_to_parent)


def _base() -> Path:
    """Return the directory for temporary files, or /tmp if that directory cannot be used.

    The path of a Unix socket has room for about a hundred bytes, and a server that root runs under another account
    must be able to access the directory.
    """
    usual = Path(tempfile.gettempdir()).resolve()
    enterable = all(folder.stat().st_mode & stat.S_IXOTH for folder in (usual, *usual.parents))
    short = len(str(usual)) <= LONGEST_BASE
    return usual if short and (enterable or os.geteuid() != 0) else Path("/tmp")  # noqa: S108 - mkdtemp is safe


@contextlib.contextmanager
def guarded_directory() -> Iterator[Guardian]:
    """Run a `Guardian` for a `with` block."""
    guardian = Guardian()
    try:
        yield guardian
    finally:
        guardian.close()
