"""Sleep sets: do not try an order that leads where an order that was tried has led.

Godefroid: "Partial-Order Methods for the Verification of Concurrent Systems", 1996, chapter 5.
"""

from collections.abc import Iterable, Mapping

from lock_harness.core.history import Move
from lock_harness.core.schedule import Access, SleepSet
from lock_harness.gate.schedulers.access import access, commute
from lock_harness.gate.schedulers.scheduler import Decision

NextMoves = Mapping[int, Access]  # who need not move, and what its next move touches


class SleepSetScheduler:
    """The first of those enabled that is not in the sleep set; the first of all where every one is."""

    def __init__(self, sleep_set: SleepSet) -> None:
        self._sleep: NextMoves = dict(sleep_set.moves)

    def choose(self, decision: Decision) -> int:
        if decision.before:
            self._sleep = woken(self._sleep, decision.before[-1])
        return next((actor for actor in decision.enabled if actor not in self._sleep), decision.enabled[0])


def woken(sleep: NextMoves, move: Move) -> NextMoves:
    """The sleep set after a move: who moved, and whose next move does not commute with it, is awake."""
    done = access(move)
    return {
        actor: touched for actor, touched in sleep.items() if actor != move.actor and commute(touched, done)
    }


def sleep_set(sleep: Iterable[tuple[int, Access]]) -> SleepSet:
    return SleepSet(tuple(sorted(sleep, key=lambda pair: pair[0])))
