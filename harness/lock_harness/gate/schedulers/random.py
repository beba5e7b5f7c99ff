"""The scheduler for which every enabled actor is equally likely."""

import random

from lock_harness.gate.schedulers.scheduler import Decision


class RandomScheduler:
    """Choose each enabled actor with the same probability."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def choose(self, decision: Decision) -> int:
        return self._random.choice(decision.enabled)
