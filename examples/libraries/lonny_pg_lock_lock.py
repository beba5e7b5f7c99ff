"""lonny-pg-lock: a session is a connection of lonny-pg."""

import datetime

import lonny_pg
from lonny_pg_lock import Lock

from examples.libraries.with_blocks import WithBlocks
from lock_harness.locks import Contract


class LonnyPgLock(WithBlocks):
    contract = Contract(reentrant="refused", hold_timeout=False, lease_ms=2000, evidence="none")

    def __init__(self, dsn):
        self._db = lonny_pg.Connection(dsn)
        self._db.init()
        self.close = self._db.close

    @staticmethod
    def setup(dsn):
        Lock.setup(lonny_pg.Connection(dsn))

    def block(self, year, month, _timeout_ms):
        return Lock(self._db).guard(f"{year}-{month}", duration=datetime.timedelta(seconds=2))
