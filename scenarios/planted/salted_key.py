"""Planted: the key is Python's hash of the month's name, which differs from process to process."""

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class SaltedKey(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        row = self._conn.execute("SELECT pg_try_advisory_lock(%s)", (_key(year, month),)).fetchone()
        return bool(row and row[0])

    def release(self, year: int, month: int) -> bool:
        row = self._conn.execute("SELECT pg_advisory_unlock(%s)", (_key(year, month),)).fetchone()
        return bool(row and row[0])


def _key(year: int, month: int) -> int:
    return hash(f"{year}-{month:02}")


SCENARIO = Scenario(
    Draw({"acquire": 4, "release": 3}),
    lock=LockSpec(f"{__name__}:SaltedKey"),
    expects="mutual_exclusion",
)
