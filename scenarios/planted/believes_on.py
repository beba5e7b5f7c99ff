"""Planted: the lock reconnects by itself and claims to hold the months that the old session lost."""

from collections import Counter

import psycopg

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class BelievesOn(MonthLock):
    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._dsn = dsn
        self._held: Counter[tuple[int, int]] = Counter()

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if self._held[year, month]:
            self._held[year, month] += 1
            return True
        try:
            acquired = super().acquire(year, month, timeout_ms)
        except psycopg.OperationalError:
            super().__init__(self._dsn)
            acquired = super().acquire(year, month, timeout_ms)
        self._held[year, month] += acquired
        return acquired

    def release(self, year: int, month: int) -> bool:
        held = self._held[year, month]
        self._held[year, month] = max(0, held - 1)
        if held != 1:
            return held > 0
        try:
            super().release(year, month)
        except psycopg.OperationalError:
            super().__init__(self._dsn)
        return True


SCENARIO = Scenario(
    Draw({"acquire": 5, "release": 1, "terminate": 2}, months=(1, 1), steps=(2, 12)),
    lock=LockSpec(f"{__name__}:BelievesOn"),
    expects="mutual_exclusion",
)
