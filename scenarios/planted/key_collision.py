"""Planted: the key is year * 10 + month, so December and February of the next year are one lock."""

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class KeyCollision(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        return super().acquire(*_other(year, month), timeout_ms)

    def release(self, year: int, month: int) -> bool:
        return super().release(*_other(year, month))


def _other(year: int, month: int) -> tuple[int, int]:
    """Return a year and month of the reference lock for each value of year * 10 + month."""
    return divmod((year * 10 + month) % 1200, 12)[0] + 2000, (year * 10 + month) % 12 + 1


SCENARIO = Scenario(
    Draw({"acquire": 4, "release": 2}, months=(2, 4)),
    lock=LockSpec(f"{__name__}:KeyCollision"),
    expects="independent_months",
)
