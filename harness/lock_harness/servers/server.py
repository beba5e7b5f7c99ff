"""A PostgreSQL server that the harness tests on."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import psycopg
from psycopg import sql

from lock_harness.core.errors import UserError, one_line
from lock_harness.core.program import Settings
from lock_harness.servers import address


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL server.

    Attributes:
        dsn: Its fastest address, for the sessions of the harness.
        url: Its address for the sessions of a lock, a URL with host and port, which clients in all languages can parse.
            Both addresses may contain a password and are never shown.
        why_encrypted: Why the server is not available without encryption; None if it is.
        named_by: The environment variables that named the server; empty if an option did.
    """

    dsn: str
    url: str
    kind: Literal["named", "embedded", "container"]
    version: str
    why_encrypted: str | None = None
    named_by: str = ""

    @property
    def why_unreadable(self) -> str | None:
        """Why a proxy before the server could not read the messages; None if it can."""
        return address.why_unreadable(self.url) or self.why_encrypted

    @property
    def ours(self) -> bool:
        """Whether the harness started the server, so that it may create objects there."""
        return self.kind != "named"

    def __str__(self) -> str:
        origin = f", address from {self.named_by}" if self.named_by else ""
        return f"PostgreSQL {self.version}, {self.kind}{origin}"


def version_of(dsn: str) -> str:
    """Return the version of a server, such as 18.6; raise `UserError` if it cannot be reached."""
    with address.connect(dsn, "lock-harness") as conn:
        return conn.info.parameter_status("server_version") or "unknown"


def _create_database(conn: psycopg.Connection[Any], server: Server, name: str) -> None:
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if server.kind == "embedded":
        # The file system copies the files in half the time.  Where it cannot, the server copies the pages.
        with contextlib.suppress(psycopg.Error):
            conn.execute("SET file_copy_method = clone")
            conn.execute(create + sql.SQL(" STRATEGY file_copy"))
            return
    conn.execute(create)


def _alter_database(conn: psycopg.Connection[Any], name: str, settings: Settings) -> None:
    """Give new sessions in a database these settings; raise `UserError` if the server does not accept one."""
    for setting, value in settings:
        query = sql.SQL("ALTER DATABASE {} SET {} = {}")
        try:
            conn.execute(query.format(sql.Identifier(name), sql.Identifier(setting), sql.Literal(value)))
        except psycopg.Error as error:
            raise UserError(
                f"the server does not accept the setting {setting} = {value}: {one_line(error)}"
            ) from None


@contextlib.contextmanager
def private_database(server: Server, name: str, settings: Settings = ()) -> Iterator[Server]:
    """Create a private database for a `with` block; on a server that the user named, use the named database.

    Each session of a lock in the private database begins with these settings.

    Advisory locks belong to a database, so users of different databases do not affect each other.
    """
    if not server.ours:
        yield server
        return
    with address.connect_without_timeouts(server.dsn, "lock-harness") as conn:
        _create_database(conn, server, name)
        _alter_database(conn, name, settings)
    try:
        yield replace(
            server,
            dsn=address.with_options(server.dsn, dbname=name),
            url=address.with_options(server.url, dbname=name),
        )
    finally:
        with address.connect_without_timeouts(server.dsn, "lock-harness") as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
