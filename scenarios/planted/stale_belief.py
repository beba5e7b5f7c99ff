"""Planted: the client remembers what it acquired, and never asks whether its session has ended."""

from collections import Counter

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class StaleBelief(MonthLock):
    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._held: Counter[tuple[int, int]] = Counter()

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        acquired = super().acquire(year, month, timeout_ms)
        self._held[year, month] += acquired
        return acquired

    def release(self, year: int, month: int) -> bool:
        released = super().release(year, month)
        self._held[year, month] -= released
        return released

    def believes(self, year: int, month: int) -> bool:
        return self._held[year, month] > 0


SCENARIO = Scenario(
    Draw({"acquire": 4, "release": 2, "believes": 3, "terminate": 2}, months=(1, 2), steps=(2, 12)),
    lock=LockSpec(f"{__name__}:StaleBelief"),
    expects="honest_results",
)
