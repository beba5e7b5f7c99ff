"""Not re-entrant: a session that holds the month does not get it again."""

from lock_harness.locks import Contract
from tests.designs.polling import AdvisoryLock


class Lock(AdvisoryLock):
    contract = Contract(reentrant="refused", reports_loss=True)

    def try_acquire(self, key: int) -> bool:
        return not self.holds(key) and super().try_acquire(key)
