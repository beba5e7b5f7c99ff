"""Detects a transaction pooler, such as PgBouncer in transaction mode or Hyperdrive.

Behind a transaction pooler a lock and its unlock can reach different sessions of the server, and closing the client's
connection need not release anything.
"""

from contextlib import ExitStack
from typing import Any

import psycopg

from lock_harness.servers import address

CLIENTS = 3


def shared_sessions(dsn: str) -> str | None:
    """Return the evidence for a transaction pooler; None for a server, or a pooler in session mode.

    Clients that are connected at the same time must have different backends, and each must keep its backend while
    another client has a transaction open.
    """
    with ExitStack() as stack:
        clients = [stack.enter_context(address.connect(dsn, "lock-harness doctor")) for _ in range(CLIENTS)]
        pids = [_backend(client) for client in clients]
        if len(set(pids)) < len(pids):
            return "two connected clients were given the same backend"
        for client, pid in zip(clients, pids, strict=True):
            other = clients[0] if client is not clients[0] else clients[1]
            with other.transaction():
                _backend(other)
                if _backend(client) != pid:
                    return "one client's statements were given to two backends"
    return None


def _backend(conn: psycopg.Connection[Any]) -> int:
    # never prepared: a transaction pooler may not know the prepared statement of another backend
    row = conn.execute("SELECT pg_catalog.pg_backend_pid()", prepare=False).fetchone()
    assert row is not None
    return int(row[0])
