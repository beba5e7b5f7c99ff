"""The interface of a scheduler: what it is asked, and what it answers."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from lock_harness.core.history import Move


class Decision(NamedTuple):
    """What is to be decided: which of the actors that can move moves next.

    `ready` begins with the actor that moved last, if it is ready.  `polling`: actors that sleep between two tries, or
    repeat a try, mostly in vain; one that sleeps is waited for if it is chosen.  `before`: all moves so far.  `steps`:
    the step of each actor.
    """

    ready: tuple[int, ...]
    polling: tuple[int, ...]
    before: Sequence[Move]
    steps: Sequence[int] = ()

    @property
    def enabled(self) -> tuple[int, ...]:
        """All actors that can move."""
        return self.ready + self.polling


class Scheduler(Protocol):
    """Decides which actor moves next."""

    def choose(self, decision: Decision) -> int:
        """Return one of the enabled actors."""
        ...
