"""Planted: each month uses a connection of a pool of ten, and a refused acquire does not give its connection back."""

from collections import Counter
from typing import Any

import psycopg

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import acquire_month_lock, release_month_lock
from lock_harness.programs import Month, Scenario, acquire, program

POOL_SIZE = 10
JAN = Month(2090, 1)


class PoolTimeout(Exception):
    """The pool has no connection left."""


class PoolExhausted:
    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool: list[psycopg.Connection[Any]] = []
        self._idle: list[psycopg.Connection[Any]] = []
        self._used_by: dict[tuple[int, int], psycopg.Connection[Any]] = {}
        self._held: Counter[tuple[int, int]] = Counter()

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        conn = self._used_by.get((year, month)) or self._take()
        acquired = acquire_month_lock(conn, year, month, timeout_ms)
        if acquired:
            self._used_by[year, month] = conn
            self._held[year, month] += 1
        return acquired

    def _take(self) -> psycopg.Connection[Any]:
        if self._idle:
            return self._idle.pop()
        if len(self._pool) == POOL_SIZE:
            raise PoolTimeout(f"all {POOL_SIZE} connections are in use")
        self._pool.append(psycopg.connect(self._dsn, autocommit=True))
        return self._pool[-1]

    def release(self, year: int, month: int) -> bool:
        if not self._held[year, month]:
            return False
        released = release_month_lock(self._used_by[year, month], year, month)
        self._held[year, month] -= 1
        if not self._held[year, month]:
            self._idle.append(self._used_by.pop((year, month)))
        return released

    def close(self) -> None:
        for conn in self._pool:
            conn.close()


SCENARIO = Scenario(
    program(acquire(0, JAN, 0), *[acquire(1, JAN, 0)] * 24),
    lock=LockSpec(f"{__name__}:PoolExhausted"),
    expects="timeout_returns_false",
)
