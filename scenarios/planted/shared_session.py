"""Planted: it says that it is thread-safe, but its session grants a month to a second thread as well."""

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class SharesSession(MonthLock):
    thread_safe = True


SCENARIO = Scenario(
    Draw({"round": 1}, mode="race", actors=(2, 2), months=(1, 1), steps=(4, 16), threads=2),
    lock=LockSpec(f"{__name__}:SharesSession"),
    expects="mutual_exclusion",
)
