"""What an algorithm is asked, and what it answers."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from lock_harness.core.history import Move


class Decision(NamedTuple):
    """Who may move: `ready` with the one who moved last first; then those who try again, which do so mostly in vain.

    Whoever sleeps between two tries will come to the gate if it is waited for.  `before` has all moves so far.
    `steps`: at which step each actor stands, of those that may move.
    """

    ready: tuple[int, ...]
    polling: tuple[int, ...]
    before: Sequence[Move]
    steps: Sequence[int] = ()

    @property
    def enabled(self) -> tuple[int, ...]:
        return self.ready + self.polling


class Scheduler(Protocol):
    def choose(self, decision: Decision) -> int:
        """One of the actors that are enabled."""
        ...
