"""Planted: release frees all months of the session."""

from collections import Counter

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class ReleaseFreesAll(MonthLock):
    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._held: Counter[tuple[int, int]] = Counter()

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        acquired = super().acquire(year, month, timeout_ms)
        self._held[year, month] += acquired
        return acquired

    def release(self, year: int, month: int) -> bool:
        held = self._held[year, month]
        self._held[year, month] = max(0, held - 1)
        if held == 1:
            self._conn.execute("SELECT pg_advisory_unlock_all()")
        return held > 0


SCENARIO = Scenario(
    Draw({"acquire": 5, "release": 4}, months=(2, 4)),
    lock=LockSpec(f"{__name__}:ReleaseFreesAll"),
    expects="mutual_exclusion",
)
