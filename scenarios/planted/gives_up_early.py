"""Planted: acquire gives up one polling interval early, when the next sleep would not fit into the timeout."""

import time

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario

INTERVAL_S = 0.01


class GivesUpEarly(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        deadline = time.monotonic() + timeout_ms / 1000
        while not super().acquire(year, month, 0):
            if time.monotonic() + INTERVAL_S > deadline:
                return False
            time.sleep(INTERVAL_S)
        return True


SCENARIO = Scenario(
    Draw({"acquire": 4, "wait": 2, "release": 3}),
    lock=LockSpec(f"{__name__}:GivesUpEarly"),
    expects="timeout_not_early",
)
