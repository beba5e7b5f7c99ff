"""lonny-pg-lock: a session is a connection of lonny-pg; the library offers a `with` block only."""

import datetime

import lonny_pg
import lonny_pg_lock

from lock_harness.locks import Contract

LEASE = datetime.timedelta(seconds=2)


class LonnyPgLock:
    contract = Contract(reentrant="refused", hold_timeout=False, lease_ms=2000, evidence="none")

    def __init__(self, dsn):
        self._db = lonny_pg.Connection(dsn)
        self._db.init()
        self.close = self._db.close

    @staticmethod
    def setup(dsn):
        lonny_pg_lock.Lock.setup(lonny_pg.Connection(dsn))

    def hold(self, year, month, _timeout_ms):
        return lonny_pg_lock.Lock(self._db).guard(f"{year}-{month}", duration=LEASE)
