"""As it was recorded in a race, as far as that goes."""

from lock_harness.core.schedule import Recorded
from lock_harness.gate.schedulers.scheduler import Decision


class RecordedScheduler:
    """The first of the moves that are left, by somebody who may move; when none is left, whoever moved last goes on.

    Not every step takes as many moves as it took in the race: those too many are left out, and whoever takes more is
    let through to its next step when that is due, unless it only tries again and again.
    """

    def __init__(self, recorded: Recorded, steps: int) -> None:
        self._left = [*recorded.moves]
        self._steps = (
            steps  # of the program; what else an actor does belongs to the last of them that it took
        )
        self._at: dict[int, int] = {}

    def choose(self, decision: Decision) -> int:
        self._at |= {
            actor: decision.steps[actor] for actor in decision.enabled if decision.steps[actor] < self._steps
        }
        self._left = [(actor, step) for actor, step in self._left if step >= self._at.get(actor, 0)]
        for place, (actor, step) in enumerate(self._left):
            if actor in decision.enabled and step == self._at.get(actor):
                del self._left[place]
                return actor
            if actor in decision.ready:
                return actor
        return decision.enabled[0]
