"""The parts that most designs share: a connection, a table, and an acquire that tries again and again."""

import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from tests.holding import holding

Connection = psycopg.Connection[Any]


def connect(dsn: str) -> Connection:
    return psycopg.connect(dsn, autocommit=True)


def create_table(dsn: str, definition: str) -> None:
    """Create a table unless it exists, for the `setup` of a lock."""
    with connect(dsn) as conn:
        conn.execute(f"CREATE TABLE IF NOT EXISTS {definition}")


def fetch_bool(conn: Connection, query: str, *values: object) -> bool:
    row = conn.execute(query, values).fetchone()
    return bool(row and row[0])


class PollingLock(ABC):
    """A lock that tries every `interval_s` until its timeout is over; the last attempt begins after the timeout."""

    interval_s = 0.01

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            last = time.monotonic() >= deadline
            if self.try_acquire(year * 100 + month):
                return True
            if last:
                return False
            self.pause(deadline - time.monotonic())

    def pause(self, left_s: float, /) -> None:
        """Sleep until the next attempt; `left_s` is the time until the timeout is over."""
        time.sleep(max(0.0, min(left_s, self.interval_s)))

    @abstractmethod
    def try_acquire(self, key: int) -> bool:
        """Return whether one attempt got the lock."""

    @abstractmethod
    def release(self, year: int, month: int) -> bool | None: ...

    def hold(self, year: int, month: int, timeout_ms: int) -> AbstractContextManager[bool]:
        return holding(self, year, month, timeout_ms)


class AdvisoryLock(PollingLock):
    """A session-level advisory lock on one connection."""

    def __init__(self, dsn: str) -> None:
        self._conn = connect(dsn)

    def try_acquire(self, key: int) -> bool:
        return fetch_bool(self._conn, "SELECT pg_try_advisory_lock(%s::bigint)", key)

    def holds(self, key: int) -> bool:
        """Return whether this session holds the lock, according to the server."""
        query = (
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 "
            "AND objid = %s::bigint AND objsubid = 1 AND pid = pg_backend_pid())"
        )
        return fetch_bool(self._conn, query, key)

    def release(self, year: int, month: int) -> bool | None:
        return fetch_bool(self._conn, "SELECT pg_advisory_unlock(%s::bigint)", year * 100 + month)

    def close(self) -> None:
        self._conn.close()
