"""Planted: release frees the month first and then commits the work that was done under it."""

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs import Draw, Scenario


class UnlockBeforeCommit(MonthLock):
    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        with self._conn.transaction():
            # Two CREATE statements at the same time would collide.
            self._conn.execute("SELECT pg_advisory_xact_lock(1)")
            self._conn.execute("CREATE TABLE IF NOT EXISTS counts (key int PRIMARY KEY, n int)")

    def count(self, year: int, month: int) -> int:
        key = get_month_lock_key(year, month)
        self._conn.execute("BEGIN")
        row = self._conn.execute("SELECT n FROM counts WHERE key = %s", (key,)).fetchone()
        found = int(row[0]) if row else 0
        query = "INSERT INTO counts VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET n = excluded.n"
        self._conn.execute(query, (key, found + 1))
        return found

    def release(self, year: int, month: int) -> bool:
        released = super().release(year, month)
        self._conn.execute("COMMIT")
        return released


SCENARIO = Scenario(
    Draw({"round": 1}, mode="gate", scheduler="random", actors=(2, 3), months=(1, 1), steps=(2, 4)),
    examples=400,
    lock=LockSpec(f"{__name__}:UnlockBeforeCommit"),
    expects="no_lost_update",
)
