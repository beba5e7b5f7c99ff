"""Whoever may move is as likely to as the others."""

import random

from lock_harness.gate.schedulers.scheduler import Turn


class RandomWalk:
    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def choose(self, turn: Turn) -> int:
        return self._dice.choice(turn.enabled)
