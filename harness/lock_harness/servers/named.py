"""A server that the user named: what libpq makes of the connection string, written down once.

A connection string may leave most to libpq: to variables of the environment, a service file, a password file, the first
of several hosts that answers.  From the connection that libpq opens, this module reads the server and the login that it
chose.  All further connections use the result, so none of them can reach another server, not even through a proxy.
"""

import os
from typing import Any, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lock_harness.core.errors import UserError, one_line
from lock_harness.servers import address
from lock_harness.servers.pooler import shared_sessions
from lock_harness.servers.server import Server

# options that have done their work when a server is chosen and the login is known
_CHOOSING = {
    "service",
    "servicefile",
    "passfile",
    "hostaddr",
    "target_session_attrs",
    "load_balance_hosts",
    "application_name",
    "fallback_application_name",
}


class Resolved(NamedTuple):
    """The server that libpq chose.

    Attributes:
        dsn: Its address with all options, for sessions of the harness.
        url: Its address as a URL, for sessions of the lock.
        version: The version of the server.
        idle_session_ms: After this time the server ends a session that does nothing, with its locks; 0 if it does not.
    """

    dsn: str
    url: str
    version: str
    idle_session_ms: int


def resolve(text: str) -> Resolved:
    """Connect as libpq does, and return what it chose; raise `UserError` if that fails."""
    with address.connect_as_libpq(text, "lock-harness") as conn:
        options = _effective_options(conn, {*conninfo_to_dict(text)})
        version = conn.info.parameter_status("server_version") or "unknown"
        idle_session_ms = _idle_session_ms(conn)
    inherited = {"options"} if options.get("options") == os.environ.get("PGOPTIONS") else set()
    url = address.url_of({key: value for key, value in options.items() if key not in inherited})
    return Resolved(make_conninfo("", **options), url, version, idle_session_ms)


def _idle_session_ms(conn: psycopg.Connection[Any]) -> int:
    query = "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'"
    row = conn.execute(query, prepare=False).fetchone()
    return int(row[0]) if row else 0


def _effective_options(conn: psycopg.Connection[Any], given: set[str]) -> dict[str, str]:
    """Return the options of a connection, without those that have their defaults although they were not `given`."""
    options = {
        name: value.decode()
        for name, value in ((option.keyword.decode(), option.val) for option in conn.pgconn.info)
        if value and (name in given or value.decode() != address.DEFAULTS.get(name))
    }
    info = conn.info
    chosen = {
        "host": info.host,
        "port": str(info.port),
        "user": info.user,
        "password": info.password,
        "dbname": info.dbname,
    }
    if "hostaddr" in options:
        # the certificate is for the host, but clients in other languages know no address besides
        if options.get("sslmode") == "verify-full":
            chosen["hostaddr"] = info.hostaddr
        else:
            chosen["host"] = info.hostaddr
    kept = {key: value for key, value in options.items() if key not in _CHOOSING}
    return {key: value for key, value in (kept | chosen).items() if value}


def named_server(text: str) -> Server:
    """Return the server that the user named; raise `UserError` if session locks cannot work at that address."""
    dsn, url, version, idle_session_ms = resolve(text)
    if idle_session_ms:
        raise UserError(
            f"{address.display_name(dsn)} ends idle sessions, and their locks, after {idle_session_ms} ms "
            "(idle_session_timeout): switch that off for the test, such as by PGOPTIONS='-c idle_session_timeout=0'"
        )
    try:
        why = shared_sessions(dsn)
    except psycopg.Error as error:
        shown = address.redact(one_line(error), dsn)
        raise UserError(
            f"{address.display_name(dsn)} does not answer: {shown}; 'lock-harness doctor' reports more"
        ) from None
    if why is not None:
        raise UserError(
            f"{address.display_name(dsn)} is a pooler that breaks session locks ({why}): name the server itself, "
            "or a pooler in session mode; 'lock-harness doctor' reports more"
        )
    return Server(dsn, url, "named", version, _why_encrypted(dsn))


def _why_encrypted(dsn: str) -> str | None:
    """Return why the server cannot be used without encryption, which a proxy cannot read; None if it can."""
    if address.why_not_tcp(dsn) or address.why_unreadable(dsn):
        return None
    try:
        address.connect(
            address.with_options(dsn, sslmode="disable", gssencmode="disable"), "lock-harness"
        ).close()
    except UserError as error:
        return f"it is not available without TLS, and the proxy must read the messages: {error}"
    return None
