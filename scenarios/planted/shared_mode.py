"""Planted: acquire takes the lock in shared mode, so any number of sessions get it."""

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs import Draw, Scenario


class SharedMode(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        query = "SELECT pg_try_advisory_lock_shared(%s)"
        row = self._conn.execute(query, (get_month_lock_key(year, month),)).fetchone()
        return bool(row and row[0])

    def release(self, year: int, month: int) -> bool:
        query = "SELECT pg_advisory_unlock_shared(%s)"
        row = self._conn.execute(query, (get_month_lock_key(year, month),)).fetchone()
        return bool(row and row[0])


SCENARIO = Scenario(
    Draw({"acquire": 4, "release": 3}),
    lock=LockSpec(f"{__name__}:SharedMode"),
    expects="mutual_exclusion",
)
