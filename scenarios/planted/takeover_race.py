"""Planted: a row names the owner, and two workers that find its session dead both take the month over.

The statement that takes over does not compare the owner with the one that was found dead.
"""

import time
from typing import Any

import psycopg

from lock_harness.locks.loading import LockSpec
from lock_harness.programs import CrashPoints, Month, Scenario, acquire, at_gate, release

JAN = Month(2090, 1)

CREATE = "CREATE TABLE IF NOT EXISTS owners (key int PRIMARY KEY, pid int, times int)"
INSERT = (
    "INSERT INTO owners VALUES (%(key)s, %(pid)s, 1) ON CONFLICT (key) DO UPDATE SET times = owners.times + 1 "
    "WHERE owners.pid = excluded.pid"
)
FIND_DEAD = (
    "SELECT pid FROM owners WHERE key = %(key)s AND NOT EXISTS "
    "(SELECT FROM pg_stat_activity WHERE pg_stat_activity.pid = owners.pid)"
)


class OwnerRow:
    """A lock that takes over from a dead owner with the statement `take_over`."""

    take_over = "UPDATE owners SET pid = %(pid)s, times = 1 WHERE key = %(key)s"

    def __init__(self, dsn: str) -> None:
        self._conn: psycopg.Connection[Any] = psycopg.connect(dsn, autocommit=True)
        self._pid = self._conn.info.backend_pid

    @staticmethod
    def setup(dsn: str) -> None:
        with psycopg.connect(dsn) as conn:
            conn.execute(CREATE)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            last = time.monotonic() >= deadline
            if self._try_acquire(year * 100 + month):
                return True
            if last:
                return False
            time.sleep(max(0.0, min(deadline - time.monotonic(), 0.01)))

    def _try_acquire(self, key: int) -> bool:
        values = {"key": key, "pid": self._pid}
        if self._conn.execute(INSERT, values).rowcount == 1:
            return True
        dead = self._conn.execute(FIND_DEAD, values).fetchone()
        if dead is None:
            return False
        return self._conn.execute(self.take_over, values | {"dead": dead[0]}).rowcount == 1

    def release(self, year: int, month: int) -> bool:
        mine = (year * 100 + month, self._pid)
        with self._conn.transaction():
            found = self._conn.execute(
                "UPDATE owners SET times = times - 1 WHERE key = %s AND pid = %s", mine
            )
            self._conn.execute("DELETE FROM owners WHERE key = %s AND pid = %s AND times = 0", mine)
        return found.rowcount == 1

    def close(self) -> None:
        self._conn.close()


SCENARIO = Scenario(
    CrashPoints(
        at_gate(acquire(0, JAN, 0), release(0, JAN), acquire(1, JAN, 0), acquire(2, JAN, 0)),
        switches=2,
    ),
    lock=LockSpec(f"{__name__}:OwnerRow"),
    expects="linearizable",
)
