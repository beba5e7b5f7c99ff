"""Run the command line as a user does, and find the processes and files that it leaves behind."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

MARK = "LOCK_HARNESS_TEST_MARK"
TIMEOUT_S = 240.0  # for an event that must come, even on a busy machine


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def without_violation(self) -> bool:
        """Whether nothing is violated.  On a busy machine a verdict may be unknown."""
        unknown = self.code == 3 and ": unknown" in self.out and "violated" not in self.out
        return self.code == 0 or unknown

    @property
    def error_line(self) -> str:
        """The error, which must be one line."""
        assert "Traceback" not in self.out + self.err
        assert self.err.startswith("lock-harness: "), self.err
        assert self.err.count("\n") == 1, self.err
        return self.err.strip()


@dataclass
class Shell:
    """A working directory, a folder for temporary files, and a mark on every process started from here.

    `python`: the interpreter that runs the command.  `variables`: variables to add to the environment.
    """

    cwd: Path
    temporary: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    python: str = sys.executable
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        mine = {"TMPDIR": str(self.temporary), MARK: self.mark, "COLUMNS": "120"}
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PG", "HYPERDRIVE", "LOCK_HARNESS_PG", "GITHUB_"))
        }
        return inherited | mine | self.variables | more

    def command(self, *arguments: str) -> list[str]:
        return [self.python, "-m", "lock_harness", *arguments]

    def run(self, *arguments: str, **environment: str) -> Outcome:
        return self._finish(self.command(*arguments), environment)

    def pytest(self, *arguments: str) -> Outcome:
        """Run pytest in the folder, with the installed plugin."""
        quiet = ("-p", "no:cacheprovider", "--basetemp", str(self.cwd / ".pytest"))
        return self._finish([self.python, "-m", "pytest", *quiet, *arguments], {})

    def _finish(self, command: list[str], environment: dict[str, str]) -> Outcome:
        done = subprocess.run(
            command,
            check=False,
            cwd=self.cwd,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, ignored: str = "INT", **environment: str) -> subprocess.Popen[str]:
        """Start a command with a signal ignored; a shell ignores SIGINT when it starts one in the background.

        SIGHUP is not ignored, although these tests may run under nohup.
        """
        reset = ["env", "--default-signal=HUP"]
        return subprocess.Popen(
            [*reset, "sh", "-c", f"trap '' {ignored}; exec \"$@\"", "sh", *self.command(*arguments)],
            cwd=self.cwd,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def pids(self, text: str = "") -> list[int]:
        """Return the processes that carry the mark and have this text in their command line."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdecimal() and self.mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
        return [pid for pid in found if text in _command_line(pid)]

    def left_behind(self) -> list[str]:
        """Return the processes and temporary files that still exist."""
        return [_command_line(pid) for pid in self.pids()] + [str(path) for path in self.temporary.iterdir()]


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def unused_shared_memory() -> set[str]:
    """Return the shared memory of servers that no process uses: it stays until the machine is restarted."""
    used = "".join(_text(entry / "maps") for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    segments = (line.split() for line in _text(Path("/proc/sysvipc/shm")).splitlines()[1:])
    named = {str(path) for path in Path("/dev/shm").glob("PostgreSQL.*") if str(path) not in used}
    return named | {
        f"segment {segment}" for _, segment, _, _, _, _, attached, *_ in segments if attached == "0"
    }


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def within(seconds: float, true: Callable[[], object]) -> bool:
    """Return whether `true` returns something true in time.  It is polled, since it looks at other processes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        threading.Event().wait(0.02)
    return False


@contextlib.contextmanager
def shell(cwd: Path) -> Iterator[Shell]:
    temporary = Path(tempfile.mkdtemp(prefix="lht", dir="/tmp"))
    temporary.chmod(0o755)
    try:
        yield Shell(cwd, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
