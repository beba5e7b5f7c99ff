"""A live server to test against."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from psycopg import sql

from lock_harness.servers import address


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
