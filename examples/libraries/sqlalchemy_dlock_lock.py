"""sqlalchemy-dlock: a session is one SQLAlchemy connection, and each month one lock object."""

import functools

import psycopg
import sqlalchemy
from sqlalchemy_dlock import create_sadlock

from lock_harness.locks import Contract


class SqlalchemyDlock:
    contract = Contract(reentrant="raises", release="raises", late_ms=1000)

    def __init__(self, dsn):
        engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
        self._conn = engine.connect()
        self._lock = functools.cache(lambda year, month: create_sadlock(self._conn, f"{year}-{month}"))
        self.close = self._conn.close

    def acquire(self, year, month, timeout_ms):
        return self._lock(year, month).acquire(timeout=timeout_ms / 1000)

    def release(self, year, month):
        self._lock(year, month).release()
