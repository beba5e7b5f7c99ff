"""Locks whose behaviour depends on time.  Each actor imports this module, so it imports little."""

import threading
import time
from contextlib import AbstractContextManager

import psycopg

from lock_harness.core.contract import Contract
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.scenarios.planted.fixed_lease import FixedLease
from lock_harness.scenarios.planted.refused_yet_granted import RefusedYetGranted
from tests.holding import holding

LEASE_MS = 400
RENEW_S = 0.1
IDLE_S = 1.0


class RenewedLease(FixedLease):
    """A lease that a thread renews on a connection of its own, for as long as the process runs."""

    contract = Contract(lease_ms=LEASE_MS, evidence="none")
    time_to_live = f"{LEASE_MS} milliseconds"

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._renewing = psycopg.connect(dsn, autocommit=True)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    def _renew(self) -> None:
        query = "UPDATE lease SET until = clock_timestamp() + %s::interval WHERE pid = %s AND until > clock_timestamp()"
        while not self._closed.wait(RENEW_S):
            self._renewing.execute(query, (self.time_to_live, self._pid))

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        self._renewing.close()
        super().close()

    def hold(self, year: int, month: int, timeout_ms: int) -> AbstractContextManager[bool]:
        return holding(self, year, month, timeout_ms)


class IdleReaper(MonthLock):
    """A client whose pool closes a connection that was not used for a second, and opens another one."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._dsn = dsn
        self._used_at = time.monotonic()
        threading.Thread(target=self._reap, daemon=True).start()

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        self._used_at = time.monotonic() + timeout_ms / 1000
        return super().acquire(year, month, timeout_ms)

    def _reap(self) -> None:
        while True:
            time.sleep(RENEW_S)
            if time.monotonic() - self._used_at > IDLE_S:
                old, self._conn = self._conn, psycopg.connect(self._dsn, autocommit=True)
                self._used_at = time.monotonic()
                old.close()


class UnlocksAfterRefusal(RefusedYetGranted):
    """Waits in the server like the planted lock, and looks at the answer of an unlock after `lock_timeout`."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        acquired = super().acquire(year, month, timeout_ms)
        if timeout_ms and not acquired:
            self._conn.execute("SELECT pg_advisory_unlock(%s::bigint)", (get_month_lock_key(year, month),))
        return acquired
