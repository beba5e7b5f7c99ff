"""Planted: the connection stays open on exec, so every program that the worker starts keeps the session alive."""

import os

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Bounds, Draw, Scenario


class Inheritable(MonthLock):
    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        os.set_inheritable(self._conn.fileno(), True)


SCENARIO = Scenario(
    Draw({"acquire": 4, "spawn": 3, "crash": 3}, steps=(3, 10)),
    bounds=Bounds(release_ms=400),
    lock=LockSpec(f"{__name__}:Inheritable"),
    expects="auto_release",
)
