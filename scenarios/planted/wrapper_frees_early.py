"""Planted: the wrapper releases the month before its body runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class FreesEarly(MonthLock):
    @contextmanager
    def hold(self, year: int, month: int, timeout_ms: int) -> Iterator[bool]:
        acquired = self.acquire(year, month, timeout_ms)
        if acquired:
            self.release(year, month)
        yield acquired


SCENARIO = Scenario(
    Draw({"hold": 1}, mode="race", months=(1, 1), steps=(4, 12)),
    lock=LockSpec(f"{__name__}:FreesEarly"),
    expects="mutual_exclusion",
)
