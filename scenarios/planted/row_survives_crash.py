"""Planted: the lock is a row in a table, which remains when its owner dies."""

import time
from typing import Any

import psycopg

from lock_harness.locks.loading import LockSpec
from lock_harness.programs import Bounds, Draw, Scenario


class RowLock:
    def __init__(self, dsn: str) -> None:
        self._conn: psycopg.Connection[Any] = psycopg.connect(dsn, autocommit=True)
        self._pid = self._conn.info.backend_pid
        with self._conn.transaction():
            # Two CREATE statements at the same time would collide.
            self._conn.execute("SELECT pg_advisory_xact_lock(1)")
            self._conn.execute("CREATE TABLE IF NOT EXISTS held (key int PRIMARY KEY, pid int, times int)")

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        deadline = time.monotonic() + timeout_ms / 1000
        query = (
            "INSERT INTO held VALUES (%s, %s, 1) ON CONFLICT (key) DO UPDATE "
            "SET times = held.times + 1 WHERE held.pid = excluded.pid"
        )
        while self._conn.execute(query, (year * 100 + month, self._pid)).rowcount == 0:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, 0.01))
        return True

    def release(self, year: int, month: int) -> bool:
        mine = (year * 100 + month, self._pid)
        query = "UPDATE held SET times = times - 1 WHERE key = %s AND pid = %s"
        found = self._conn.execute(query, mine).rowcount == 1
        self._conn.execute("DELETE FROM held WHERE times = 0")
        return found

    def close(self) -> None:
        self._conn.close()


SCENARIO = Scenario(
    Draw({"acquire": 4, "release": 1, "crash": 2}, steps=(2, 10)),
    bounds=Bounds(release_ms=400),
    lock=LockSpec(f"{__name__}:RowLock"),
    expects="auto_release",
)
