"""Planted: the wrapper releases in the transaction that its body left aborted, where every statement fails."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class UnlocksInAbortedTransaction(MonthLock):
    @contextmanager
    def hold(self, year: int, month: int, timeout_ms: int) -> Iterator[bool]:
        acquired = self.acquire(year, month, timeout_ms)
        try:
            yield acquired
        finally:
            # a failed clean-up must not hide the error of the body
            with suppress(psycopg.Error):
                if acquired:
                    self.release(year, month)


SCENARIO = Scenario(
    Draw({"hold": 3, "sql_error": 2, "acquire": 2, "release": 2}),
    lock=LockSpec(f"{__name__}:UnlocksInAbortedTransaction"),
    expects="nothing_left_behind",
)
