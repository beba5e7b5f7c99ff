"""Planted: the lock is a row with a time to live, so another worker takes it while its holder is stopped."""

import time
from typing import Any

import psycopg

from lock_harness.locks.loading import LockSpec
from lock_harness.programs import Draw, Scenario


class Lease:
    time_to_live = "30 milliseconds"

    def __init__(self, dsn: str) -> None:
        self._conn: psycopg.Connection[Any] = psycopg.connect(dsn, autocommit=True)
        self._pid = self._conn.info.backend_pid
        with self._conn.transaction():
            # Two CREATE statements at the same time would collide.
            self._conn.execute("SELECT pg_advisory_xact_lock(1)")
            self._conn.execute(
                "CREATE TABLE IF NOT EXISTS lease (key int PRIMARY KEY, pid int, times int, until timestamptz)"
            )

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        deadline = time.monotonic() + timeout_ms / 1000
        query = (
            "INSERT INTO lease VALUES (%(key)s, %(pid)s, 1, clock_timestamp() + %(ttl)s::interval) "
            "ON CONFLICT (key) DO UPDATE SET pid = excluded.pid, until = excluded.until, "
            "times = CASE WHEN lease.pid = excluded.pid THEN lease.times + 1 ELSE 1 END "
            "WHERE lease.pid = excluded.pid OR lease.until < clock_timestamp()"
        )
        values = {"key": year * 100 + month, "pid": self._pid, "ttl": self.time_to_live}
        while True:
            last = time.monotonic() >= deadline
            if self._conn.execute(query, values).rowcount == 1:
                return True
            if last:
                return False
            time.sleep(max(0.0, min(deadline - time.monotonic(), 0.01)))

    def release(self, year: int, month: int) -> bool:
        mine = (year * 100 + month, self._pid)
        query = "UPDATE lease SET times = times - 1 WHERE key = %s AND pid = %s"
        found = self._conn.execute(query, mine).rowcount == 1
        self._conn.execute("DELETE FROM lease WHERE times = 0")
        return found

    def close(self) -> None:
        self._conn.close()


SCENARIO = Scenario(
    Draw({"round": 4, "pause": 3}, mode="race", months=(1, 1), steps=(4, 16), faults=4),
    lock=LockSpec(f"{__name__}:Lease"),
    expects="mutual_exclusion",
)
