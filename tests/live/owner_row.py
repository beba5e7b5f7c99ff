"""A correct lock that knows its own rows by an id that is made when the module is imported."""

import time
import uuid
from typing import Any

import psycopg

OWNER = uuid.uuid4()


class OwnerRow:
    """An advisory lock with a row that says who holds it, so that its owner gets it again without asking twice."""

    def __init__(self, dsn: str) -> None:
        self._conn: psycopg.Connection[Any] = psycopg.connect(dsn, autocommit=True)
        with self._conn.transaction():
            # two CREATE statements at the same time would collide
            self._conn.execute("SELECT pg_advisory_xact_lock(1)")
            self._conn.execute("CREATE TABLE IF NOT EXISTS held (key int PRIMARY KEY, owner uuid, times int)")
        # the locks of an earlier session of this process went with that session
        self._conn.execute("DELETE FROM held WHERE owner = %s", (OWNER,))

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        deadline = time.monotonic() + timeout_ms / 1000
        key = year * 100 + month
        again = "UPDATE held SET times = times + 1 WHERE key = %s AND owner = %s"
        if self._conn.execute(again, (key, OWNER)).rowcount:
            return True
        while not self._fetch("SELECT pg_try_advisory_lock(%s)", key):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, 0.01))
        take = "INSERT INTO held VALUES (%s, %s, 1) ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, times = 1"
        self._conn.execute(take, (key, OWNER))
        return True

    def release(self, year: int, month: int) -> bool:
        key = year * 100 + month
        left = "UPDATE held SET times = times - 1 WHERE key = %s AND owner = %s RETURNING times"
        row = self._conn.execute(left, (key, OWNER)).fetchone()
        if row and row[0] == 0:
            self._conn.execute("DELETE FROM held WHERE key = %s AND owner = %s", (key, OWNER))
            return self._fetch("SELECT pg_advisory_unlock(%s)", key)
        return row is not None

    def close(self) -> None:
        self._conn.close()

    def _fetch(self, query: str, key: int) -> bool:
        row = self._conn.execute(query, (key,)).fetchone()
        return bool(row and row[0])
