"""A server's own process: in a guarded directory, and never as root, whom servers refuse."""

import os
import pwd
import subprocess
import time
from pathlib import Path

import psycopg

from lock_harness.core.errors import one_line
from lock_harness.guardian import Guardian

START_S = 30.0
GATE = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh")  # opens by a line, not by our death


def server_account() -> pwd.struct_passwd | None:
    """Whom servers run as, if not as ourselves: root lends them to `nobody`."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def give_to_server_account(path: Path) -> None:
    """Let the server's user own `path`."""
    if user := server_account():
        os.chown(path, user.pw_uid, user.pw_gid)


def start(guardian: Guardian, command: list[str]) -> subprocess.Popen[bytes]:
    """Start a program in the guarded directory; what it says goes to `log` there.

    The program begins only when the guardian owns it, so there is no moment at which our death could
    leave it behind.
    """
    user = server_account()
    with open(guardian.directory / "log", "ab") as log:
        process = subprocess.Popen(
            [*GATE, *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=guardian.directory,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,
        )
    guardian.own(process.pid)
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.close()
    return process


def wait_until_ready(process: subprocess.Popen[bytes], dsn: str) -> bool:
    """Wait until a server that was started can be asked; if that does not come to be, end it."""
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(dsn).close()
        except psycopg.OperationalError:
            time.sleep(0.01)  # the server cannot be asked yet
        else:
            return True
    process.kill()
    process.wait()
    return False


def log_tail(guardian: Guardian) -> str:
    """The end of the log, on one line."""
    lines = (guardian.directory / "log").read_text(errors="replace").splitlines()
    return one_line(" ".join(lines[-3:])) or "it left no message"
