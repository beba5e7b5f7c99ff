"""sqlalchemy-dlock: a session is one SQLAlchemy connection, and each lock a `with` block."""

import contextlib

import psycopg
import sqlalchemy
from sqlalchemy_dlock import create_sadlock

from examples.libraries.with_blocks import WithBlocks
from lock_harness.locks import Contract


class SqlalchemyDlockWith(WithBlocks):
    contract = Contract(on_timeout="TimeoutError", late_ms=1000)

    def __init__(self, dsn):
        options = {"creator": lambda: psycopg.connect(dsn), "poolclass": sqlalchemy.NullPool}
        self._conn = sqlalchemy.create_engine("postgresql+psycopg://", **options).connect()
        self.close = self._conn.close

    @contextlib.contextmanager
    def block(self, year, month, timeout_ms):
        with create_sadlock(self._conn, f"{year}-{month}", contextual_timeout=timeout_ms / 1000):
            yield True

    def execute(self, sql):
        result = self._conn.exec_driver_sql(sql)
        return result.scalar() if result.returns_rows else None
