"""A row with a lease, which a thread renews while the month is held."""

import threading
import uuid

import psycopg

from lock_harness.locks import Contract
from tests.designs.polling import PollingLock, connect, create_table

LEASE_MS = 1000
RENEW_EACH_S = 0.2

TAKE = """
INSERT INTO lease VALUES (%(key)s, %(owner)s, clock_timestamp() + %(lease)s * interval '1 ms')
ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE lease.until < clock_timestamp()
"""

RENEW = """
UPDATE lease SET until = clock_timestamp() + %(lease)s * interval '1 ms'
 WHERE key = %(key)s AND owner = %(owner)s AND until > clock_timestamp()
"""

GIVE_BACK = "DELETE FROM lease WHERE key = %(key)s AND owner = %(owner)s"


class Lock(PollingLock):
    contract = Contract(reentrant="refused", reports_loss=True, lease_ms=LEASE_MS, evidence="none")

    @staticmethod
    def setup(dsn: str) -> None:
        create_table(dsn, "lease (key int PRIMARY KEY, owner uuid NOT NULL, until timestamptz NOT NULL)")

    def __init__(self, dsn: str) -> None:
        self._conn = connect(dsn)
        self._owner = uuid.uuid4()
        # ends the renewal of each month that is held
        self._given_back: dict[int, threading.Event] = {}

    def try_acquire(self, key: int) -> bool:
        if not self._execute(TAKE, key):
            return False
        self._given_back[key] = threading.Event()
        threading.Thread(target=self._renew, args=(key, self._given_back[key]), daemon=True).start()
        return True

    def release(self, year: int, month: int) -> bool:
        key = year * 100 + month
        if key in self._given_back:
            self._given_back.pop(key).set()
        return self._execute(GIVE_BACK, key)

    def _renew(self, key: int, given_back: threading.Event) -> None:
        """Renew a lease until it is given back or lost."""
        while not given_back.wait(RENEW_EACH_S):
            try:
                if not self._execute(RENEW, key):
                    return
            except psycopg.OperationalError:
                if self._conn.closed:
                    return

    def _execute(self, query: str, key: int) -> bool:
        values = {"key": key, "owner": self._owner, "lease": LEASE_MS}
        return self._conn.execute(query, values).rowcount == 1

    def close(self) -> None:
        for key, given_back in self._given_back.items():
            given_back.set()
            if not self._conn.closed:
                self._execute(GIVE_BACK, key)
        self._conn.close()
