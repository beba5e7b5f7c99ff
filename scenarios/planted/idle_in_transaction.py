"""Planted: the lock leaves its transaction open, and the server ends a session that idles in one, with its locks."""

import psycopg

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Draw, Scenario


class IdleInTransaction(MonthLock):
    def __init__(self, dsn: str) -> None:
        # without autocommit the first statement begins a transaction, which nothing here ends
        self._conn = psycopg.connect(dsn)


SCENARIO = Scenario(
    Draw(
        {"long": 1},
        mode="race",
        actors=(2, 4),
        months=(1, 2),
        steps=(1, 2),
        settings={"idle_in_transaction_session_timeout": "800ms"},
    ),
    lock=LockSpec(f"{__name__}:IdleInTransaction"),
    expects="mutual_exclusion",
)
