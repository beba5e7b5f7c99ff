"""Planted: release returns True and does nothing."""

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class ReleaseForgets(MonthLock):
    def release(self, year: int, month: int) -> bool:
        return True


SCENARIO = Scenario(
    Draw({"acquire": 4, "release": 3}),
    lock=LockSpec(f"{__name__}:ReleaseForgets"),
    expects="nothing_left_behind",
)
