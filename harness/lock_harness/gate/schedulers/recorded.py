"""Follow the moves of a recorded race, as far as they are possible."""

from lock_harness.core.schedule import Recorded
from lock_harness.gate.schedulers.scheduler import Decision


class RecordedScheduler:
    """Choose the actor of the first recorded move that can be made now; when none is left, the actor that moved last.

    A step may take another number of moves than in the race.  If it takes fewer, the rest is skipped.  If it takes
    more, its actor is let through to its next step when that is due, unless the actor is polling.
    """

    def __init__(self, recorded: Recorded, steps: int) -> None:
        self._left = [*recorded.moves]
        # A move with a higher number belongs to no step of the program: it counts as part of the step before it.
        self._steps = steps
        self._at: dict[int, int] = {}

    def choose(self, decision: Decision) -> int:
        steps = {actor: decision.steps[actor] for actor in decision.enabled}
        self._at |= {actor: step for actor, step in steps.items() if step < self._steps}
        self._left = [(actor, step) for actor, step in self._left if step >= self._at.get(actor, 0)]
        for place, (actor, step) in enumerate(self._left):
            if actor in decision.enabled and step == self._at.get(actor):
                del self._left[place]
                return actor
            if actor in decision.ready:
                return actor
        return decision.enabled[0]
