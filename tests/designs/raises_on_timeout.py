"""An acquire raises TimeoutError when its timeout is over, and so does `hold`."""

from typing import Literal

from lock_harness.locks import Contract
from tests.designs.polling import AdvisoryLock


class Lock(AdvisoryLock):
    contract = Contract(on_timeout="TimeoutError", reports_loss=True)

    def acquire(self, year: int, month: int, timeout_ms: int) -> Literal[True]:
        if not super().acquire(year, month, timeout_ms):
            raise TimeoutError(f"{year}-{month:02d} was not free within {timeout_ms} ms")
        return True
