"""Takes timeouts in whole seconds, at least one; `hold` tries only once."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from lock_harness.locks import Contract
from tests.designs.polling import AdvisoryLock


class Lock(AdvisoryLock):
    contract = Contract(late_ms=1000, min_timeout_ms=1000, hold_timeout=False, reports_loss=True)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if timeout_ms < 1000:
            raise ValueError(f"the timeout must be a second or more, not {timeout_ms} ms")
        return super().acquire(year, month, 1000 * math.ceil(timeout_ms / 1000))

    @contextmanager
    def hold(self, year: int, month: int, _timeout_ms: int) -> Iterator[bool]:
        acquired = self.try_acquire(year * 100 + month)
        try:
            yield acquired
        finally:
            if acquired:
                self.release(year, month)
