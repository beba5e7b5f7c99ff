"""When an exploration has to end."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class TimeLimit:
    """The end of an exploration: its search, its shrinking, and the repeats of the smallest program.

    Attributes:
        until: A time of `time.monotonic()`, which is the same in all processes of a machine; None if there is no end.
        is_stopped: Whether the exploration has to end now.
    """

    until: float | None = None
    is_stopped: Callable[[], bool] = _never

    @property
    def is_over(self) -> bool:
        """Whether no further program should be run."""
        return self.is_stopped() or (self.until is not None and time.monotonic() > self.until)

    def sooner(self, seconds: float | None) -> "TimeLimit":
        """Return the limit that is over after these seconds, if it is not over before."""
        if seconds is None:
            return self
        until = time.monotonic() + seconds
        return TimeLimit(until if self.until is None else min(until, self.until), self.is_stopped)


UNLIMITED = TimeLimit()
