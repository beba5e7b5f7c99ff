"""Sleeps a whole second between two attempts, so an acquire may end up to a second after its timeout."""

import time

from lock_harness.locks import Contract
from tests.designs.polling import AdvisoryLock

INTERVAL_S = 1.0


class Lock(AdvisoryLock):
    contract = Contract(late_ms=1000, reports_loss=True)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            last = time.monotonic() >= deadline
            if self.try_acquire(year * 100 + month):
                return True
            if last:
                return False
            time.sleep(INTERVAL_S)
