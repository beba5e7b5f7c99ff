"""A waiter listens for the notification of the release, and tries again each 100 ms in case the holder died."""

import time

from lock_harness.locks import Contract
from tests.designs.polling import AdvisoryLock

FALLBACK_S = 0.1


class Lock(AdvisoryLock):
    contract = Contract(reports_loss=True)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        deadline = time.monotonic() + timeout_ms / 1000
        key = year * 100 + month
        if self.try_acquire(key):
            return True
        self._conn.execute(f"LISTEN month_{key}")
        acquired = self._wait(key, deadline)
        self._conn.execute(f"UNLISTEN month_{key}")
        return acquired

    def _wait(self, key: int, deadline: float) -> bool:
        while True:
            last = time.monotonic() >= deadline
            if self.try_acquire(key):
                return True
            if last:
                return False
            wait_s = max(0.0, min(deadline - time.monotonic(), FALLBACK_S))
            list(self._conn.notifies(timeout=wait_s, stop_after=1))

    def release(self, year: int, month: int) -> bool | None:
        released = super().release(year, month)
        self._conn.execute(f"NOTIFY month_{year * 100 + month}")
        return released
