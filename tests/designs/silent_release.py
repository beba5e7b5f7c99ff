"""Release returns nothing, held or not, and reports no error of its connection: the lock ended with it."""

import psycopg

from lock_harness.locks import Contract
from tests.designs.polling import AdvisoryLock


class Lock(AdvisoryLock):
    contract = Contract(release="silent")

    def release(self, year: int, month: int) -> None:
        try:
            super().release(year, month)
        except psycopg.OperationalError:
            if not self._conn.broken:
                raise
