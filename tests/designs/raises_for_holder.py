"""Not re-entrant: an acquire by a session that holds the month raises an exception."""

from lock_harness.locks import Contract
from tests.designs.polling import AdvisoryLock


class AlreadyHeldError(RuntimeError):
    """The session holds the month already."""


class Lock(AdvisoryLock):
    contract = Contract(reentrant="raises", reports_loss=True)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if self.holds(year * 100 + month):
            raise AlreadyHeldError(f"{year}-{month:02d} is held by this session already")
        return super().acquire(year, month, timeout_ms)
