"""A row lock by SELECT ... FOR UPDATE NOWAIT in an open transaction, on a connection of its own for each month."""

from psycopg.errors import LockNotAvailable

from lock_harness.locks import Contract
from tests.designs.polling import Connection, PollingLock, connect, create_table


class Lock(PollingLock):
    contract = Contract(reentrant="refused", reports_loss=True, evidence="none")

    @staticmethod
    def setup(dsn: str) -> None:
        create_table(dsn, "month (key int PRIMARY KEY)")

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._idle = [self._connect()]
        self._held: dict[int, Connection] = {}

    def try_acquire(self, key: int) -> bool:
        if key in self._held:
            # raises an exception if the connection, and the lock with it, is lost
            self._held[key].execute("SELECT 1")
            return False
        conn = self._idle.pop() if self._idle else self._connect()
        conn.execute("INSERT INTO month VALUES (%s) ON CONFLICT DO NOTHING", (key,))
        conn.execute("BEGIN")
        try:
            conn.execute("SELECT FROM month WHERE key = %s FOR UPDATE NOWAIT", (key,))
        except LockNotAvailable:
            conn.execute("ROLLBACK")
            self._idle.append(conn)
            return False
        self._held[key] = conn
        return True

    def release(self, year: int, month: int) -> bool:
        conn = self._held.pop(year * 100 + month, None)
        if conn is None:
            return False
        conn.execute("COMMIT")
        self._idle.append(conn)
        return True

    def _connect(self) -> Connection:
        conn = connect(self._dsn)
        # a held month is an idle transaction
        conn.execute("SET idle_in_transaction_session_timeout = 0")
        return conn

    def close(self) -> None:
        for conn in (*self._idle, *self._held.values()):
            conn.close()
