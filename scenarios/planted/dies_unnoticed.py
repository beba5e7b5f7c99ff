"""Planted: it waits in the server, which does not notice meanwhile that its worker has died, with what else that held."""

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
            Fault(1, "kill", point="after"),  # once the server makes it wait
            acquire(1, JAN, 1000),
        )
    ),
    bounds=Bounds(release_ms=300, stall_ms=150),  # it takes a second, which no shorter stall explains
    lock=LockSpec(f"{__name__}:DiesUnnoticed"),
    expects="auto_release",
)
