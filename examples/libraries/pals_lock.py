"""PALs: a session is a Locker, and each month one lock object, which has a connection of its own."""

import functools

import pals
import psycopg
import sqlalchemy

from lock_harness.locks import Contract


class Pals:
    contract = Contract(reentrant="once", late_ms=100, evidence="none")

    def __init__(self, dsn):
        connect = functools.partial(psycopg.connect, dsn)
        self._engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=connect)
        self._engine.connect().close()
        self._lock = functools.cache(pals.Locker("months", create_engine_callable=lambda: self._engine).lock)

    def acquire(self, year, month, timeout_ms):
        return self._lock(f"{year}-{month}").acquire(blocking=timeout_ms > 0, acquire_timeout=timeout_ms)

    def release(self, year, month):
        return self._lock(f"{year}-{month}").release()

    def close(self):
        self._lock.cache_clear()
        self._engine.dispose()
