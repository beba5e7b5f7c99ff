"""Planted: acquire sets a lock_timeout for its wait and leaves it on the session."""

import psycopg

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs import Draw, Scenario


class LeaksLockTimeout(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if timeout_ms == 0:
            return super().acquire(year, month, 0)
        self._conn.execute(f"SET lock_timeout = {timeout_ms}")
        try:
            self._conn.execute("SELECT pg_advisory_lock(%s)", (get_month_lock_key(year, month),))
        except psycopg.errors.LockNotAvailable:
            # the lock may have been granted at the moment when the timeout ended
            self._conn.execute("SELECT pg_advisory_unlock(%s)", (get_month_lock_key(year, month),))
            return False
        return True


SCENARIO = Scenario(
    Draw({"acquire": 4, "wait": 2, "release": 4, "inspect": 2}),
    lock=LockSpec(f"{__name__}:LeaksLockTimeout"),
    expects="session_unchanged",
)
