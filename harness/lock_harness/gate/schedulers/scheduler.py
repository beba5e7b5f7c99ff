"""The interface of a scheduler: the decision to make, and the answer."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from lock_harness.core.history import Move


class Decision(NamedTuple):
    """A decision: which of the actors that can move moves next.

    Attributes:
        ready: Actors that wait at the gate, and do not poll.  The actor that moved last is the first, if it is ready.
        polling: Actors that sleep between two tries, or wait at the gate to repeat a try, which usually fails again.  If
            one that sleeps is chosen, the core waits until it wakes up.
        before: All moves so far.
        steps: The step of each actor.
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
