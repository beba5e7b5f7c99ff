"""Planted: acquire waits inside the server, which then does not notice that the worker has died."""

from psycopg.errors import DeadlockDetected, LockNotAvailable

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs import Bounds, EveryOrder, Fault, Month, Scenario, acquire, at_gate

JAN, FEB = Month(2090, 1), Month(2090, 2)


class DiesUnnoticed(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if not timeout_ms:
            return super().acquire(year, month, 0)
        key = get_month_lock_key(year, month)
        try:
            self._conn.execute(f"SET lock_timeout = {timeout_ms}; SELECT pg_advisory_lock({key})")
        except (LockNotAvailable, DeadlockDetected):
            return False
        return True


SCENARIO = Scenario(
    EveryOrder(
        at_gate(
            acquire(0, JAN, 0),
            acquire(1, FEB, 0),
            # The point "after" is when the server makes the session wait.
            Fault(1, "kill", point="after"),
            acquire(1, JAN, 1000),
        )
    ),
    # The release takes a second.  A stall shorter than 150 ms does not explain that.
    bounds=Bounds(release_ms=300, stall_ms=150),
    lock=LockSpec(f"{__name__}:DiesUnnoticed"),
    expects="auto_release",
)
