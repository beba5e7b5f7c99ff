"""The reference lock: one worker at a time processes a month.

A month's key is `year * 100 + month`, one bigint, in a session-level advisory lock.  Such a lock belongs
to the server session: it survives COMMIT and ROLLBACK, it is re-entrant (two acquires need two releases),
and it is free when the session ends, however that happens.  It needs a connection of its own: behind a
pooler in transaction mode the next statement may reach another session.
"""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from lock_harness.locks.catalogue import advisory_locks, is_held
from lock_harness.locks.interface import AdvisoryLock

T = TypeVar("T")
Connection = psycopg.Connection[Any]

RETRY_MS = 10
FIRST_YEAR, LAST_YEAR = 2000, 2099


class MonthLockTimeout(TimeoutError):
    """The lock was not had in time; the body did not run."""


class MonthLockLost(RuntimeError):
    """The body ran, but at its end the session did not hold the lock: somebody else may have held it."""


def get_month_lock_key(year: int, month: int) -> int:
    """2020, 1 -> 202001.  `ValueError` for a year outside 2000-2099 or a month outside 1-12."""
    if type(year) is not int or not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"year must be a whole number from {FIRST_YEAR} to {LAST_YEAR}, not {year!r}")
    if type(month) is not int or not 1 <= month <= 12:
        raise ValueError(f"month must be a whole number from 1 to 12, not {month!r}")
    return year * 100 + month


def acquire_month_lock(conn: Connection, year: int, month: int, timeout_ms: float) -> bool:
    """Try until the lock is granted (True) or `timeout_ms` is over (False).

    Never False early, and never without a try at the deadline itself.  0 tries exactly once.
    `ValueError` for a timeout that is negative or not a number.
    """
    key = get_month_lock_key(year, month)
    if not (math.isfinite(timeout_ms) and timeout_ms >= 0):
        raise ValueError(f"timeout_ms must be a finite number, 0 or more, not {timeout_ms!r}")
    deadline = time.monotonic() + timeout_ms / 1000
    while True:
        last = time.monotonic() >= deadline  # asked before the try: one that began earlier is not the last
        if _ask(conn, "SELECT pg_catalog.pg_try_advisory_lock(%s::bigint)", key):
            return True
        if last:
            return False
        time.sleep(max(0.0, min(deadline - time.monotonic(), RETRY_MS / 1000)))


def release_month_lock(conn: Connection, year: int, month: int) -> bool:
    """Give the lock back; False if this session did not hold it."""
    return _ask(conn, "SELECT pg_catalog.pg_advisory_unlock(%s::bigint)", get_month_lock_key(year, month))


class month_lock(AbstractContextManager[bool]):  # noqa: N801 - used like a function
    """For the length of a `with` block; gives whether the lock was had in time.

    It is given back whatever the body does.  An exception of the body comes out as it is, also if giving back
    fails.  `MonthLockLost` if the body succeeded but the lock was not held any more at its end.
    """

    def __init__(self, conn: Connection, year: int, month: int, timeout_ms: float) -> None:
        self._where = conn, year, month
        self._timeout_ms = timeout_ms
        self._acquired = False

    def __enter__(self) -> bool:
        self._acquired = acquire_month_lock(*self._where, self._timeout_ms)
        return self._acquired

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._acquired:
            return
        try:
            _give_back(*self._where)
        except (psycopg.Error, MonthLockLost) as second:
            if error is None:
                raise
            error.add_note(f"the month lock was not given back: {second}")


def with_month_lock(conn: Connection, year: int, month: int, fn: Callable[[], T], timeout_ms: float) -> T:
    """Run `fn` under the lock and return its result; see `month_lock`.

    `MonthLockTimeout` if the lock was not had in time: then `fn` does not run.
    """
    with month_lock(conn, year, month, timeout_ms) as acquired:
        if not acquired:
            raise MonthLockTimeout(f"month {year}-{month:02d} was not free within {timeout_ms} ms")
        return fn()


def is_month_locked(conn: Connection, year: int, month: int) -> bool:
    """Whether any session of this database holds the month."""
    return is_held(conn, get_month_lock_key(year, month))


def get_all_advisory_locks(conn: Connection) -> list[AdvisoryLock]:
    """Every advisory lock of this database: who holds and who waits."""
    return advisory_locks(conn)


def years_in_use(conn: Connection, first: int, last: int) -> frozenset[int]:
    """The years from `first` to `last` with a month that any session of this database holds or waits for."""
    query = (
        "SELECT DISTINCT objid::bigint / 100 FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objsubid = 1 "
        "AND classid = 0 AND objid::bigint BETWEEN %s AND %s "
        "AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
    )
    keys = get_month_lock_key(first, 1), get_month_lock_key(last, 12)
    rows = conn.execute(query, keys, prepare=False).fetchall()
    return frozenset(int(row[0]) for row in rows)


def _ask(conn: Connection, query: str, key: int) -> bool:
    row = conn.execute(query, (key,)).fetchone()
    return bool(row and row[0])


def _give_back(conn: Connection, year: int, month: int) -> None:
    lost = MonthLockLost(f"month {year}-{month:02d} was not held any more when its body ended")
    try:
        if conn.info.transaction_status == TransactionStatus.INERROR:
            conn.rollback()  # in an aborted transaction even the unlock would be refused
        released = release_month_lock(conn, year, month)
    except psycopg.OperationalError as error:
        if conn.broken:  # and with its session the lock is gone
            raise lost from error
        raise
    if not released:
        raise lost


class MonthLock:
    """The reference lock as a `LockClient`: one session on a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._conn: Connection = psycopg.connect(dsn, autocommit=True)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        return acquire_month_lock(self._conn, year, month, timeout_ms)

    def release(self, year: int, month: int) -> bool:
        return release_month_lock(self._conn, year, month)

    def close(self) -> None:
        self._conn.close()

    def hold(self, year: int, month: int, timeout_ms: int) -> AbstractContextManager[bool]:
        return month_lock(self._conn, year, month, timeout_ms)

    def is_locked(self, year: int, month: int) -> bool:
        return is_month_locked(self._conn, year, month)

    def all_locks(self) -> list[AdvisoryLock]:
        return get_all_advisory_locks(self._conn)

    def key(self, year: int, month: int) -> int:
        return get_month_lock_key(year, month)
