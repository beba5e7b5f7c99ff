"""A row with the owner's number, which is taken over if the owner does not live any more.

Each owner holds an advisory lock of its number as a sign of life.  The process id of its backend would not do: a pooler
gives the backend of a client that has ended to another client.
"""

import secrets

from lock_harness.locks import Contract
from tests.designs.polling import PollingLock, connect, create_table, fetch_bool

INSERT = "INSERT INTO owner VALUES (%s, %s) ON CONFLICT DO NOTHING"

TAKE_OVER = "UPDATE owner SET owner = %s WHERE key = %s AND owner = %s"

DELETE = "DELETE FROM owner WHERE key = %s AND owner = %s"


class Lock(PollingLock):
    contract = Contract(reentrant="once", reports_loss=True, evidence="none")

    @staticmethod
    def setup(dsn: str) -> None:
        create_table(dsn, "owner (key int PRIMARY KEY, owner bigint NOT NULL)")

    def __init__(self, dsn: str) -> None:
        self._conn = connect(dsn)
        self._me = secrets.randbits(60)
        self._conn.execute("SELECT pg_advisory_lock(%s)", (self._me,))

    def try_acquire(self, key: int) -> bool:
        if self._conn.execute(INSERT, (key, self._me)).rowcount == 1:
            return True
        row = self._conn.execute("SELECT owner FROM owner WHERE key = %s", (key,)).fetchone()
        if row is None:
            return False
        if row[0] == self._me:
            return True
        # only one of several successors finds the dead owner still there
        return not self._is_alive(row[0]) and self._take_over(key, row[0])

    def _is_alive(self, owner: int) -> bool:
        """Return whether the session of `owner` lives: then its lock cannot be taken, not even for a moment."""
        free = fetch_bool(self._conn, "SELECT pg_try_advisory_lock_shared(%s)", owner)
        if free:
            self._conn.execute("SELECT pg_advisory_unlock_shared(%s)", (owner,))
        return not free

    def _take_over(self, key: int, owner: int) -> bool:
        return self._conn.execute(TAKE_OVER, (self._me, key, owner)).rowcount == 1

    def release(self, year: int, month: int) -> bool:
        return self._conn.execute(DELETE, (year * 100 + month, self._me)).rowcount == 1

    def close(self) -> None:
        self._conn.close()
