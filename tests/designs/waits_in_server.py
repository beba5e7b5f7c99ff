"""Waits in the server, with a lock_timeout that ends with the transaction.

When PostgreSQL reports that the timeout is over, it may have granted the lock at that very moment.  So the session
looks whether it holds the lock, and keeps it then.  To give it back would be worse: another session could be refused
meanwhile although no client has got the month.
"""

from psycopg.errors import LockNotAvailable

from lock_harness.locks import Contract
from tests.designs.polling import AdvisoryLock


class Lock(AdvisoryLock):
    contract = Contract(reports_loss=True)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        key = year * 100 + month
        if timeout_ms == 0:
            # a lock_timeout of 0 is none
            return self.try_acquire(key)
        try:
            with self._conn.transaction():
                self._conn.execute(f"SET LOCAL lock_timeout = {timeout_ms}")
                self._conn.execute("SET LOCAL statement_timeout = 0")
                self._conn.execute("SELECT pg_advisory_lock(%s::bigint)", (key,))
        except LockNotAvailable:
            # a session that had held the lock before would not have waited
            return self.holds(key)
        return True
