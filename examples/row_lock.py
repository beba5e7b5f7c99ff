import time

import psycopg

from lock_harness.locks import Contract


class RowLock:
    """A transaction locks the row of a month; each month that is held has a connection of its own."""

    contract = Contract(reentrant="refused", evidence="none")

    @staticmethod
    def setup(dsn):
        with psycopg.connect(dsn) as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS months (key int PRIMARY KEY)")

    def __init__(self, dsn):
        self._dsn = dsn
        self._held = {}

    def acquire(self, year, month, timeout_ms):
        key, deadline = year * 100 + month, time.monotonic() + timeout_ms / 1000
        conn = psycopg.connect(self._dsn)
        while True:
            last = time.monotonic() >= deadline
            conn.execute("INSERT INTO months VALUES (%s) ON CONFLICT DO NOTHING", [key])
            conn.commit()
            try:
                conn.execute("SELECT FROM months WHERE key = %s FOR UPDATE NOWAIT", [key])
            except psycopg.errors.LockNotAvailable:
                conn.rollback()
            else:
                self._held[key] = conn
                return True
            if last:
                conn.close()
                return False
            time.sleep(0.01)

    def release(self, year, month):
        conn = self._held.pop(year * 100 + month, None)
        if conn is None:
            return False
        # the end of the transaction, not of the connection, frees the row before this method returns
        conn.rollback()
        conn.close()
        return True

    def close(self):
        for conn in self._held.values():
            conn.close()
