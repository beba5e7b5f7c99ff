"""Sleep sets: skip orders that are equivalent to an order that was run already.

Godefroid: "Partial-Order Methods for the Verification of Concurrent Systems", 1996, chapter 5.
"""

from collections.abc import Iterable, Mapping

from lock_harness.core.history import Move
from lock_harness.core.schedule import Access, SleepSet
from lock_harness.gate.schedulers.access import access, commute
from lock_harness.gate.schedulers.scheduler import Decision

# the actors in a sleep set, with the access of the next move of each
NextMoves = Mapping[int, Access]


class SleepSetScheduler:
    """Choose the first enabled actor that is not in the sleep set, or the first of all if every one is in it."""

    def __init__(self, sleep_set: SleepSet) -> None:
        self._sleeping: NextMoves = dict(sleep_set.moves)

    def choose(self, decision: Decision) -> int:
        if decision.before:
            self._sleeping = without_woken(self._sleeping, decision.before[-1])
        awake = (actor for actor in decision.enabled if actor not in self._sleeping)
        return next(awake, decision.enabled[0])


def without_woken(sleeping: NextMoves, move: Move) -> NextMoves:
    """Return the sleep set after a move, which wakes its actor and every actor whose next move does not commute."""
    done = access(move)
    return {
        actor: touched
        for actor, touched in sleeping.items()
        if actor != move.actor and commute(touched, done)
    }


def sleep_set(sleeping: Iterable[tuple[int, Access]]) -> SleepSet:
    """Return these actors and accesses as the spec of a scheduler."""
    return SleepSet(tuple(sorted(sleeping, key=lambda pair: pair[0])))
