"""Planted: acquire and release use any connection of a pool of two, and ignore that an unlock failed."""

from itertools import cycle

import psycopg

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import acquire_month_lock, release_month_lock
from lock_harness.programs import Draw, Scenario


class UnlocksElsewhere:
    def __init__(self, dsn: str) -> None:
        self._pool = [psycopg.connect(dsn, autocommit=True) for _ in range(2)]
        self._turns = cycle(self._pool)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        return acquire_month_lock(next(self._turns), year, month, timeout_ms)

    def release(self, year: int, month: int) -> bool:
        release_month_lock(next(self._turns), year, month)
        return True

    def close(self) -> None:
        for conn in self._pool:
            conn.close()


SCENARIO = Scenario(
    Draw({"acquire": 4, "release": 4}),
    lock=LockSpec(f"{__name__}:UnlocksElsewhere"),
    expects="nothing_left_behind",
)
