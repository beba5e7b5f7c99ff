"""A client takes a connection of its own for each month that it holds, and counts its holds itself."""

import psycopg

from lock_harness.locks import Contract
from tests.designs.polling import Connection, PollingLock, connect, fetch_bool


class Lock(PollingLock):
    # an acquire may open a connection
    contract = Contract(reports_loss=True, late_ms=100)

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._idle = [connect(dsn)]
        self._held: dict[int, Connection] = {}
        self._times: dict[int, int] = {}

    def try_acquire(self, key: int) -> bool:
        if key in self._held:
            # raises an exception if the connection, and the lock with it, is lost
            self._held[key].execute("SELECT 1")
            self._times[key] += 1
            return True
        conn = self._idle.pop() if self._idle else connect(self._dsn)
        if not fetch_bool(conn, "SELECT pg_try_advisory_lock(%s::bigint)", key):
            self._idle.append(conn)
            return False
        self._held[key], self._times[key] = conn, 1
        return True

    def release(self, year: int, month: int) -> bool:
        key = year * 100 + month
        if key not in self._held:
            return False
        self._times[key] -= 1
        conn = self._held[key]
        if self._times[key]:
            conn.execute("SELECT 1")
            return True
        del self._held[key]
        released = fetch_bool(conn, "SELECT pg_advisory_unlock(%s::bigint)", key)
        self._idle.append(conn)
        return released

    def believes(self, year: int, month: int) -> bool:
        """Return whether the month is held: its own connection must still exist."""
        conn = self._held.get(year * 100 + month)
        try:
            return conn is not None and fetch_bool(conn, "SELECT true")
        except psycopg.OperationalError:
            return False

    def close(self) -> None:
        for conn in (*self._idle, *self._held.values()):
            conn.close()
