"""Planted: the lock forks a watch process, and this child keeps the connection open when the worker dies."""

import os
import signal

from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs import Bounds, Draw, Scenario


class ForksAWatch(MonthLock):
    _watch = 0

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if not self._watch:
            self._watch = os.fork()
            # Only the child gets 0 from fork.
            while not self._watch:
                signal.pause()
        return super().acquire(year, month, timeout_ms)

    def close(self) -> None:
        if self._watch:
            os.kill(self._watch, signal.SIGKILL)
            os.waitpid(self._watch, 0)
        super().close()


SCENARIO = Scenario(
    Draw({"acquire": 4, "crash": 2}, steps=(2, 8)),
    bounds=Bounds(release_ms=400),
    lock=LockSpec(f"{__name__}:ForksAWatch"),
    expects="auto_release",
)
