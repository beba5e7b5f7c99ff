"""Probabilistic concurrency testing: see `lock_harness.core.schedule.Pct` for the paper and its bound."""

import random

from lock_harness.core.schedule import Pct
from lock_harness.gate.schedulers.scheduler import Decision


class PctScheduler:
    """Choose the ready actor of the highest priority; at each change point the priority of the chosen actor drops.

    A polling actor waits for other actors, so it is chosen only if no actor is ready.
    """

    def __init__(self, pct: Pct) -> None:
        self._random = random.Random(pct.seed)
        points = [self._random.randint(1, pct.length) for _ in range(pct.depth - 1)]
        # The points are not sorted: the bound requires that a later one may drop less than an earlier one.
        self._drops = [(at, -number) for number, at in enumerate(points, 1)]
        self._priorities: dict[int, float] = {}
        self._decisions = 0

    def choose(self, decision: Decision) -> int:
        for actor in sorted(decision.enabled):
            if actor not in self._priorities:
                self._priorities[actor] = self._random.random()
        candidates = decision.ready or decision.polling
        best = max(candidates, key=self._priorities.__getitem__)
        self._decisions += 1
        for at, priority in self._drops:
            if at == self._decisions:
                self._priorities[best] = priority
                best = max(candidates, key=self._priorities.__getitem__)
        return best
