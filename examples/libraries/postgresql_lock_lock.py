"""postgresql-lock: a session is one connection of psycopg, and each month one lock object."""

import functools
import time

import postgresql_lock
import psycopg

from lock_harness.locks import Contract


class PostgresqlLock:
    contract = Contract(reentrant="raises")

    def __init__(self, dsn):
        self._conn = psycopg.connect(dsn)
        self._lock = functools.cache(lambda *month: postgresql_lock.Lock(self._conn, month))
        self.close = self._conn.close

    def acquire(self, year, month, timeout_ms):
        deadline = time.monotonic() + timeout_ms / 1000
        while not (acquired := self._lock(year, month).acquire(block=False)) and time.monotonic() < deadline:
            time.sleep(0.01)
        return acquired

    def release(self, year, month):
        return self._lock(year, month).release()
