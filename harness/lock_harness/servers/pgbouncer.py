"""A PgBouncer that the harness runs in front of a server."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from lock_harness.core.errors import MachineError, UserError
from lock_harness.core.program import Pooler
from lock_harness.guardian import Guardian, guarded_directory
from lock_harness.servers import address
from lock_harness.servers.daemon import give_to_server_account, log_tail, start, wait_until_ready
from lock_harness.servers.port import LOOPBACK, reserved_port
from lock_harness.servers.server import Server

SBIN = "/usr/sbin:/usr/local/sbin"  # packages install it there, where a user's PATH does not look

# session: each session keeps a backend, so the pool must have one for every session of all workers.
# transaction: a few backends, opened early and used in turn, so that the statements of one client reach different
# backends even if only one client is active at a time.
POOLS: dict[Pooler, dict[str, str]] = {
    "session": {"pool_mode": "session", "default_pool_size": "100"},
    "unreset": {"pool_mode": "session", "default_pool_size": "100", "server_reset_query": ""},
    "transaction": {
        "pool_mode": "transaction",
        "default_pool_size": "3",
        "min_pool_size": "3",
        "server_round_robin": "1",
    },
}
SETTINGS = {
    "listen_addr": LOOPBACK,
    "auth_type": "hba",
    "max_client_conn": "1000",
    "server_reset_query": "DISCARD ALL",
    "server_login_retry": "0.1",  # seconds, so that a restarted server is found soon
    # PgBouncer does not pass on PGOPTIONS
    "ignore_startup_parameters": "extra_float_digits, options",
}
ACCESS = f"local all all trust\nhost all all {LOOPBACK}/32 scram-sha-256\n"


def why_unavailable() -> str | None:
    """Return why PgBouncer cannot be used, and what to do, on one line; None if it can."""
    return None if _program() else "PgBouncer is not installed: apt install pgbouncer"


def _program() -> str | None:
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path=SBIN)


@contextlib.contextmanager
def pgbouncer(
    server: Server, mode: Pooler, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Server]:
    """Run a PgBouncer for a `with` block; yield the same server, with all its databases, reached through it.

    As with an embedded server, the Unix socket is in a private directory and needs no password, and the port needs
    a random password.  `settings` are PgBouncer settings by name.

    Raises:
        UserError: PgBouncer is not installed.
        MachineError: PgBouncer does not start.
    """
    program = _program()
    if program is None:
        raise UserError(str(why_unavailable()))
    with guarded_directory() as guardian, reserved_port() as port:
        password = secrets.token_urlsafe(18)
        chosen = SETTINGS | POOLS[mode] | dict(settings) | {"listen_port": str(port)}
        user, database = _configure(guardian, server, password, chosen)
        login, path = quote(user, safe=""), quote(database, safe="")
        dsn = f"postgresql://{login}@/{path}?host={guardian.directory}&port={port}"
        url = f"postgresql://{login}:{password}@{LOOPBACK}:{port}/{path}"
        process = start(guardian, [program, str(guardian.directory / "pgbouncer.ini")])
        try:
            if not wait_until_ready(process, dsn):
                raise MachineError(f"PgBouncer did not start: {log_tail(guardian)}")
            yield replace(server, dsn=dsn, url=url)
        finally:
            guardian.close()
            process.wait()


def _configure(
    guardian: Guardian, server: Server, password: str, settings: Mapping[str, str]
) -> tuple[str, str]:
    """Write the configuration files; return the user and the database of `server`."""
    # the address of an open connection, because libpq also reads the environment
    with address.connect(server.dsn, "lock-harness") as conn:
        at = conn.info
        way = {"host": at.hostaddr or at.host, "port": str(at.port), "user": at.user, "password": at.password}
        encrypted = {"server_tls_sslmode": "require"} if conn.pgconn.ssl_in_use else {}
        user, database = at.user, at.dbname
    upstream = " ".join(f"{key}={_quoted(value, chr(39))}" for key, value in way.items() if value)
    directory = guardian.directory
    places = {
        "unix_socket_dir": str(directory),
        "auth_file": str(directory / "userlist.txt"),
        "auth_hba_file": str(directory / "access"),
    }
    lines = [f"{key} = {value}" for key, value in (encrypted | dict(settings) | places).items()]
    give_to_server_account(directory)
    _write(directory / "userlist.txt", f"{_quoted(user, chr(34))} {_quoted(password, chr(34))}\n")
    _write(directory / "access", ACCESS)
    _write(
        directory / "pgbouncer.ini", "\n".join(["[databases]", f"* = {upstream}", "[pgbouncer]", *lines, ""])
    )
    return user, database


def _quoted(value: str, mark: str) -> str:
    return mark + value.replace(mark, 2 * mark) + mark


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
    give_to_server_account(path)
