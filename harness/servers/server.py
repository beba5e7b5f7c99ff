"""A live server to test against, and the one place that decides where it comes from."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from psycopg import sql

from harness.errors import UserError
from harness.servers import address
from harness.servers.pooler import shared_sessions

NONE = "none"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL that answers.

    `dsn` is the quickest way to it, `url` one that clients in any language understand.  Both may hold a
    password and are never shown.  Only on a server that is `ours` may anything be created.
    """

    dsn: str
    url: str
    kind: Literal["named", "embedded", "container"]
    version: str

    @property
    def ours(self) -> bool:
        return self.kind != "named"

    def __str__(self) -> str:
        return f"PostgreSQL {self.version}, {self.kind}"


def version_of(dsn: str) -> str:
    """The server's version, such as 18.6; `UserError` if it cannot be reached."""
    with address.connect(dsn, "lock-harness") as conn:
        return conn.info.parameter_status("server_version") or "unknown"


@contextlib.contextmanager
def open_server(choice: str | None) -> Iterator[Server]:
    """The server that the user chose, for the length of a `with` block.

    `choice` is a connection string, `embedded` or `container`; without one the environment variable
    HYPERDRIVE_CONNECTION_STRING decides, and without that one an embedded server is started.
    """
    choice = choice or address.from_environment() or "embedded"
    if choice == NONE:
        raise UserError("--pg none: this command needs a server; leave --pg out to have one started")
    if choice == "embedded":
        from harness.servers.embedded import embedded_server

        with embedded_server() as server:
            yield server
    elif choice == "container":
        from harness.servers.container import container_server

        with container_server() as server:
            yield server
    else:
        yield _named_server(address.check(choice))


def _named_server(dsn: str) -> Server:
    """A server that the user named; `UserError` if session locks cannot work through that address."""
    version = version_of(dsn)
    if (why := shared_sessions(dsn)) is not None:
        raise UserError(
            f"{address.shown(dsn)} is a pooler that breaks session locks ({why}): name the server itself, "
            "or a pooler in session mode; 'lock-harness doctor' tells more"
        )
    return Server(dsn, address.as_url(dsn), "named", version)


@contextlib.contextmanager
def private_database(server: Server, name: str) -> Iterator[Server]:
    """The same server with a database of one's own, where one may be created; else the server itself.

    Advisory locks belong to a database, so users of different databases cannot meet.
    """
    if not server.ours:
        yield server
        return
    with address.connect(server.dsn, "lock-harness") as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield replace(
            server,
            dsn=address.with_options(server.dsn, dbname=name),
            url=address.with_options(server.url, dbname=name),
        )
    finally:
        with address.connect(server.dsn, "lock-harness") as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
