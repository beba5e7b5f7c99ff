"""Sleeps a whole second between two attempts, so an acquire may end up to a second after its timeout."""

import time

from lock_harness.locks import Contract
from tests.designs.polling import AdvisoryLock

INTERVAL_S = 1.0


class Lock(AdvisoryLock):
    contract = Contract(late_ms=1000, reports_loss=True)

    def pause(self, _: float, /) -> None:
        time.sleep(INTERVAL_S)
