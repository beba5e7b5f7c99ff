"""Release returns nothing, and raises an exception if the session does not hold the month."""

from lock_harness.locks import Contract
from tests.designs.polling import AdvisoryLock


class NotHeldError(RuntimeError):
    """The session does not hold the month."""


class Lock(AdvisoryLock):
    contract = Contract(release="raises", reports_loss=True)

    def release(self, year: int, month: int) -> None:
        if not super().release(year, month):
            raise NotHeldError(f"{year}-{month:02d} is not held by this session")
