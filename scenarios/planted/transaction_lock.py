"""Planted: acquire takes a transaction-level lock in autocommit, so it is free when the statement ends."""

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs import Draw, Scenario


class TransactionLock(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        query = "SELECT pg_try_advisory_xact_lock(%s)"
        row = self._conn.execute(query, (get_month_lock_key(year, month),)).fetchone()
        return bool(row and row[0])


SCENARIO = Scenario(
    Draw({"acquire": 4, "release": 3}),
    lock=LockSpec(f"{__name__}:TransactionLock"),
    expects="mutual_exclusion",
)
