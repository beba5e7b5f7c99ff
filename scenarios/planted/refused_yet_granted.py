"""Planted: acquire trusts an expired `lock_timeout`, although the server may have granted the month at that moment."""

from psycopg.errors import LockNotAvailable

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs import Draw, Scenario


class RefusedYetGranted(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if not timeout_ms:
            return super().acquire(year, month, 0)
        key = get_month_lock_key(year, month)
        self._conn.execute(f"SET lock_timeout = {timeout_ms}")
        try:
            self._conn.execute("SELECT pg_advisory_lock(%s::bigint)", (key,))
        except LockNotAvailable:
            return False
        finally:
            self._conn.execute("SET lock_timeout = 0")
        return True


SCENARIO = Scenario(
    Draw({"deadline": 1}, mode="race", actors=(4, 6), months=(2, 4), steps=(24, 48), faults=2),
    lock=LockSpec(f"{__name__}:RefusedYetGranted"),
    expects="honest_results",
)
