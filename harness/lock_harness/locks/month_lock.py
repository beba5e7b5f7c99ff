"""The reference lock, by which one worker at a time processes a month.

It is a session-level advisory lock whose bigint key is `year * 100 + month`.  Such a lock belongs to the server
session: it survives COMMIT and ROLLBACK, it is re-entrant (two acquires need two releases), and it is free when the
session ends, for any reason.  It needs a dedicated connection: behind a pooler in transaction mode the next statement
may reach another session.
"""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from lock_harness.core.contract import Contract
from lock_harness.locks.catalogue import advisory_locks, is_held, is_held_here
from lock_harness.locks.interface import AdvisoryLock

T = TypeVar("T")
Connection = psycopg.Connection[Any]

RETRY_MS = 10
FIRST_YEAR, LAST_YEAR = 2000, 2099


class MonthLockTimeout(TimeoutError):
    """The lock was not acquired in time, so the body did not run."""


class MonthLockLost(RuntimeError):
    """The body ran, but at its end the session did not hold the lock: another session may have held it."""


def get_month_lock_key(year: int, month: int) -> int:
    """Return the key of a month, such as 202001 for 2020, 1.

    Raises:
        ValueError: The year is not within 2000-2099, or the month not within 1-12.
    """
    if type(year) is not int or not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"year must be a whole number from {FIRST_YEAR} to {LAST_YEAR}, not {year!r}")
    if type(month) is not int or not 1 <= month <= 12:
        raise ValueError(f"month must be a whole number from 1 to 12, not {month!r}")
    return year * 100 + month


def acquire_month_lock(conn: Connection, year: int, month: int, timeout_ms: float) -> bool:
    """Try until the lock is granted, and return True, or until `timeout_ms` is over, and return False.

    The last attempt begins at the deadline or after it.  With timeout 0 there is exactly one attempt.

    Raises:
        ValueError: The timeout is negative or not a finite number.
    """
    key = get_month_lock_key(year, month)
    if not (math.isfinite(timeout_ms) and timeout_ms >= 0):
        raise ValueError(f"timeout_ms must be a finite number, 0 or more, not {timeout_ms!r}")
    deadline = time.monotonic() + timeout_ms / 1000
    while True:
        # read before the attempt: an attempt that began before the deadline is not the last one
        last = time.monotonic() >= deadline
        if _fetch_bool(conn, "SELECT pg_catalog.pg_try_advisory_lock(%s::bigint)", key):
            return True
        if last:
            return False
        time.sleep(max(0.0, min(deadline - time.monotonic(), RETRY_MS / 1000)))


def release_month_lock(conn: Connection, year: int, month: int) -> bool:
    """Release the lock; return False if this session did not hold it."""
    return _fetch_bool(
        conn, "SELECT pg_catalog.pg_advisory_unlock(%s::bigint)", get_month_lock_key(year, month)
    )


class month_lock(AbstractContextManager[bool]):  # noqa: N801 - used like a function
    """Hold the lock for a `with` block; yield whether it was acquired in time.

    The lock is released when the body ends, also by an exception.  An exception of the body is raised unchanged,
    even if the release fails.

    Raises:
        MonthLockLost: The body succeeded, but the lock was not held any more at its end.
    """

    def __init__(self, conn: Connection, year: int, month: int, timeout_ms: float) -> None:
        self._target = conn, year, month
        self._timeout_ms = timeout_ms
        self._acquired = False

    def __enter__(self) -> bool:
        self._acquired = acquire_month_lock(*self._target, self._timeout_ms)
        return self._acquired

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._acquired:
            return
        try:
            _release_held(*self._target)
        except (psycopg.Error, MonthLockLost) as second:
            if error is None:
                raise
            error.add_note(f"the month lock was not released: {second}")


def with_month_lock(conn: Connection, year: int, month: int, fn: Callable[[], T], timeout_ms: float) -> T:
    """Run `fn` under the lock and return its result; see `month_lock`.

    Raises:
        MonthLockTimeout: The lock was not acquired in time, so `fn` did not run.
    """
    with month_lock(conn, year, month, timeout_ms) as acquired:
        if not acquired:
            raise MonthLockTimeout(f"month {year}-{month:02d} was not free within {timeout_ms} ms")
        return fn()


def is_month_locked(conn: Connection, year: int, month: int) -> bool:
    """Return whether any session of this database holds the month."""
    return is_held(conn, get_month_lock_key(year, month))


def get_all_advisory_locks(conn: Connection) -> list[AdvisoryLock]:
    """Return every advisory lock of this database, held or waited for."""
    return advisory_locks(conn)


def years_in_use(conn: Connection, first: int, last: int) -> frozenset[int]:
    """Return the years from `first` to `last` in which a session of this database holds or awaits a month."""
    query = (
        "SELECT DISTINCT objid::bigint / 100 FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objsubid = 1 "
        "AND classid = 0 AND objid::bigint BETWEEN %s AND %s "
        "AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
    )
    keys = get_month_lock_key(first, 1), get_month_lock_key(last, 12)
    rows = conn.execute(query, keys, prepare=False).fetchall()
    return frozenset(int(row[0]) for row in rows)


def _fetch_bool(conn: Connection, query: str, key: int) -> bool:
    row = conn.execute(query, (key,)).fetchone()
    return bool(row and row[0])


def _release_held(conn: Connection, year: int, month: int) -> None:
    lost = MonthLockLost(f"month {year}-{month:02d} was not held any more at the end of its body")
    try:
        if conn.info.transaction_status == TransactionStatus.INERROR:
            # an aborted transaction would refuse even the unlock
            conn.rollback()
        released = release_month_lock(conn, year, month)
    except psycopg.OperationalError as error:
        if conn.broken:
            # the session has ended, and the lock with it
            raise lost from error
        raise
    if not released:
        raise lost


class MonthLock:
    """The reference lock as a `LockClient`: one session on its own connection."""

    contract = Contract(reports_loss=True)

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

    def believes(self, year: int, month: int) -> bool:
        """Return whether this session holds the month; False if the session has ended."""
        try:
            return is_held_here(self._conn, get_month_lock_key(year, month))
        except psycopg.OperationalError:
            if self._conn.broken:
                return False
            raise

    def execute(self, sql: str) -> str | None:
        """Run a statement of the user in the session of the lock; return the first value of its first row."""
        cursor = self._conn.execute(sql.encode())
        row = cursor.fetchone() if cursor.description else None
        return str(row[0]) if row else None

    def is_locked(self, year: int, month: int) -> bool:
        return is_month_locked(self._conn, year, month)

    def all_locks(self) -> list[AdvisoryLock]:
        return get_all_advisory_locks(self._conn)

    def key(self, year: int, month: int) -> int:
        return get_month_lock_key(year, month)
