"""Whoever may move is as likely to as the others."""

import random

from lock_harness.gate.schedulers.scheduler import Decision


class RandomScheduler:
    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def choose(self, decision: Decision) -> int:
        return self._dice.choice(decision.enabled)
