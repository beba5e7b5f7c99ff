"""Processes of servers: they run in a guarded directory and never as root, which PostgreSQL refuses."""

import os
import pwd
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from lock_harness.core.errors import UserError, one_line
from lock_harness.guardian import Guardian
from lock_harness.servers import address

START_S = 30.0
# Waits for a line on standard input, then runs the program.  EOF, when the harness dies, does not start it.
STARTER = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh")


def server_account() -> pwd.struct_passwd | None:
    """Return the account that servers run as; None for that of the harness.  Root uses `nobody`."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def give_to_server_account(path: Path) -> None:
    """Make the account of servers the owner of `path`."""
    if user := server_account():
        os.chown(path, user.pw_uid, user.pw_gid)


def start(guardian: Guardian, command: list[str], stop: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start a program in the guarded directory, with its output in the file `log` there.

    The program begins only when the guardian owns its process, so it cannot be left behind if the harness dies.  `stop`
    has the signals that ask it to end, as in `Guardian.own`.
    """
    user = server_account()
    with open(guardian.directory / "log", "ab") as log:
        process = subprocess.Popen(
            [*STARTER, *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=guardian.directory,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,
        )
    assert process.stdin is not None
    # after an interruption the starter reads the end of its input, and ends
    with process.stdin:
        guardian.own(process.pid, stop)
        process.stdin.write(b"go\n")
    return process


def wait_until_ready(process: subprocess.Popen[bytes], dsn: str) -> bool:
    """Wait until a server accepts connections and return True; kill it and return False if it does not."""
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            address.connect(dsn, "lock-harness").close()
        except UserError:
            time.sleep(0.01)
        else:
            return True
    process.kill()
    process.wait()
    return False


def log_tail(guardian: Guardian) -> str:
    """Return the end of the log on one line."""
    lines = (guardian.directory / "log").read_text(errors="replace").splitlines()
    return one_line(" ".join(lines[-3:])) or "it left no message"
