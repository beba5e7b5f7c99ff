"""Probabilistic concurrency testing: see `lock_harness.core.schedule.Pct` for the paper and its bound."""

import random

from lock_harness.core.schedule import Pct
from lock_harness.gate.schedulers.scheduler import Decision


class PctScheduler:
    """Of those who are ready the one of highest priority moves, and at each change point its priority drops.

    Whoever sleeps between two tries spins on what others must do first: it moves only if nobody is ready.
    """

    def __init__(self, pct: Pct) -> None:
        dice = random.Random(pct.seed)
        points = [dice.randint(1, pct.length) for _ in range(pct.depth - 1)]
        self._drops = [(at, -number) for number, at in enumerate(points, 1)]  # a later point may sink less
        self._dice = dice
        self._priorities: dict[int, float] = {}
        self._made = 0

    def choose(self, decision: Decision) -> int:
        for actor in sorted(decision.enabled):
            if actor not in self._priorities:
                self._priorities[actor] = self._dice.random()
        candidates = decision.ready or decision.polling
        best = max(candidates, key=self._priorities.__getitem__)
        self._made += 1
        for at, priority in self._drops:
            if at == self._made:
                self._priorities[best] = priority
                best = max(candidates, key=self._priorities.__getitem__)
        return best
