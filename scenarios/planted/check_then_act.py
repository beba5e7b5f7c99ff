"""Planted: acquire asks whether the month is free and then takes it, without noticing a change in between."""

from collections import Counter

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs import Draw, Scenario


class CheckThenAct(MonthLock):
    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._held: Counter[int] = Counter()

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        key = get_month_lock_key(year, month)
        if not self._held[key] and self.is_locked(year, month):
            return False
        self._conn.execute("SELECT pg_advisory_lock_shared(%s::bigint)", (key,))
        self._held[key] += 1
        return True

    def release(self, year: int, month: int) -> bool:
        key = get_month_lock_key(year, month)
        row = self._conn.execute("SELECT pg_advisory_unlock_shared(%s::bigint)", (key,)).fetchone()
        self._held[key] = max(0, self._held[key] - 1)
        return bool(row and row[0])


SCENARIO = Scenario(
    Draw(
        {"acquire": 4, "release": 1},
        mode="gate",
        scheduler="random",
        actors=(2, 3),
        months=(1, 2),
        steps=(2, 8),
    ),
    lock=LockSpec(f"{__name__}:CheckThenAct"),
    expects="mutual_exclusion",
)
