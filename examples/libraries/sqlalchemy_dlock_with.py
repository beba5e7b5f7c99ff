"""sqlalchemy-dlock: a session is one SQLAlchemy connection, and each lock a `with` block."""

import contextlib

import psycopg
import sqlalchemy
from sqlalchemy_dlock import create_sadlock

from lock_harness.locks import Contract


class SqlalchemyDlockWith:
    contract = Contract(on_timeout="TimeoutError", late_ms=1000)

    def __init__(self, dsn):
        self._engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
        self._conn = self._engine.connect()
        self.close = self._engine.dispose

    @contextlib.contextmanager
    def hold(self, year, month, timeout_ms):
        with create_sadlock(self._conn, f"{year}-{month}", contextual_timeout=timeout_ms / 1000):
            yield True

    def execute(self, sql):
        return self._conn.exec_driver_sql(sql).scalar()
