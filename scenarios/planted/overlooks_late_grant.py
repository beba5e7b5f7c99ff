"""Planted: when a reply is late, acquire returns False and overlooks that the server granted the month."""

import time
from select import select

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs import Draw, Scenario

MIN_PATIENCE_S = 0.06
INTERVAL_S = 0.01


class OverlooksLateGrant(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        key = get_month_lock_key(year, month)
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            last = time.monotonic() >= deadline
            granted = self._granted(key, max(deadline, time.monotonic() + MIN_PATIENCE_S))
            if last or granted is not False:
                return bool(granted)
            time.sleep(max(0.0, min(deadline - time.monotonic(), INTERVAL_S)))

    def _granted(self, key: int, until: float) -> bool | None:
        """Return the reply of the server, or None and cancel the statement if there is none by `until`."""
        pg = self._conn.pgconn
        pg.send_query(b"SELECT pg_try_advisory_lock(%d)" % key)
        in_time = bool(select([pg.socket], [], [], max(0.0, until - time.monotonic()))[0])
        if not in_time:
            self._conn.cancel()
        results = [*iter(pg.get_result, None)]
        return results[0].get_value(0, 0) == b"t" if in_time else None


SCENARIO = Scenario(
    Draw({"acquire": 4, "release": 2, "late": 2}, mode="gate", actors=(1, 3), months=(1, 2), steps=(2, 8)),
    lock=LockSpec(f"{__name__}:OverlooksLateGrant"),
    expects="nothing_left_behind",
)
