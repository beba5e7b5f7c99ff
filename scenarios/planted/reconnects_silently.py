"""Planted: the driver reconnects and repeats a failed statement, so the worker does not notice that its lock is lost."""

import psycopg

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class ReconnectsSilently(MonthLock):
    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._dsn = dsn

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        try:
            return super().acquire(year, month, timeout_ms)
        except psycopg.OperationalError:
            super().__init__(self._dsn)
            return super().acquire(year, month, timeout_ms)

    def release(self, year: int, month: int) -> bool:
        try:
            return super().release(year, month)
        except psycopg.OperationalError:
            super().__init__(self._dsn)
            super().release(year, month)
            # The driver assumes that the month was held.
            return True


SCENARIO = Scenario(
    Draw({"acquire": 4, "release": 4, "terminate": 2}, steps=(2, 12)),
    lock=LockSpec(f"{__name__}:ReconnectsSilently"),
    expects="honest_results",
)
