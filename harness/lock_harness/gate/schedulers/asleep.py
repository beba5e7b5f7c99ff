"""Sleep sets: do not try an order that leads where an order that was tried has led.

Godefroid: "Partial-Order Methods for the Verification of Concurrent Systems", 1996, chapter 5.
"""

from collections.abc import Iterable, Mapping

from lock_harness.core.history import Move
from lock_harness.core.schedule import Access, Asleep
from lock_harness.gate.schedulers.access import access, commute
from lock_harness.gate.schedulers.scheduler import Turn

SleepSet = Mapping[int, Access]  # who need not move, and what its next move touches


class Sleepers:
    """The first of those enabled that is not in the sleep set; the first of all where every one is."""

    def __init__(self, asleep: Asleep) -> None:
        self._sleep: SleepSet = dict(asleep.moves)

    def choose(self, turn: Turn) -> int:
        if turn.before:
            self._sleep = woken(self._sleep, turn.before[-1])
        return next((actor for actor in turn.enabled if actor not in self._sleep), turn.enabled[0])


def woken(sleep: SleepSet, move: Move) -> SleepSet:
    """The sleep set after a move: who moved, and whose next move does not commute with it, is awake."""
    done = access(move)
    return {
        actor: touched for actor, touched in sleep.items() if actor != move.actor and commute(touched, done)
    }


def asleep(sleep: Iterable[tuple[int, Access]]) -> Asleep:
    return Asleep(tuple(sorted(sleep, key=lambda pair: pair[0])))
