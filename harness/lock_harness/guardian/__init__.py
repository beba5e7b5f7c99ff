"""A private directory with a guardian: whatever happens to us, what lives there is cleaned up.

The guardian is a small process of its own that reads our end of a pipe.  When the pipe closes, because
we closed it or because we were killed, it ends the processes that it was told to own, stops the
PostgreSQL server whose data lie in the directory, and removes the directory.  As the tidy end and the
violent one take the same path, that path is walked on every run.
"""

import contextlib
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lock_harness.core.errors import MachineError

PROCESS = Path(__file__).with_name("__main__.py")
LONGEST_BASE = 60


class Guardian:
    """Our side: a fresh private directory and the pipe that keeps it alive."""

    def __init__(self) -> None:
        # the guardian makes the directory, so that there is no moment in which nobody guards it
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROCESS), str(_base())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C in the terminal is for us, not for the guardian
        )
        assert self._process.stdout is not None
        with self._process.stdout as answer:
            self.directory = Path(os.fsdecode(answer.readline().rstrip(b"\n")))
        if not self.directory.is_dir():
            raise MachineError(
                f"no private directory could be made in {_base()}: is there room, may we write there?"
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
