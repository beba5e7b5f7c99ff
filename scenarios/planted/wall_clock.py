"""Planted: acquire measures its timeout by the wall clock, which may be set."""

import time

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario

INTERVAL_S = 0.002


class WallClock(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        deadline = time.time() + timeout_ms / 1000
        while not super().acquire(year, month, 0):
            left = deadline - time.time()
            if left <= 0:
                return False
            time.sleep(min(left, INTERVAL_S))
        return True


SCENARIO = Scenario(
    Draw(
        {"acquire": 3, "clock_forward": 2},
        mode="race",
        actors=(2, 3),
        months=(1, 1),
        steps=(8, 24),
        faults=8,
    ),
    lock=LockSpec(f"{__name__}:WallClock"),
    expects="timeout_not_early",
)
