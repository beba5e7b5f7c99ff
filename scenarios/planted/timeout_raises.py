"""Planted: acquire lets the lock_timeout of the server end the wait and raises its exception."""

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs import Draw, Scenario


class TimeoutRaises(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        self._conn.execute(f"SET lock_timeout = {max(1, timeout_ms)}")
        self._conn.execute("SELECT pg_advisory_lock(%s)", (get_month_lock_key(year, month),))
        return True


SCENARIO = Scenario(
    Draw({"acquire": 4, "wait": 2, "release": 3}),
    lock=LockSpec(f"{__name__}:TimeoutRaises"),
    expects="timeout_returns_false",
)
