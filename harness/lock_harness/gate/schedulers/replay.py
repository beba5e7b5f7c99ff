"""Replay the choices of a program, and find out whether that led to the same moves."""

from collections.abc import Sequence
from itertools import zip_longest

from lock_harness.core.history import Move
from lock_harness.gate.schedulers.scheduler import Decision, Scheduler


class ReplayScheduler:
    """Follow the choices, then another scheduler.  Choice c is enabled actor number c, modulo the number of them."""

    def __init__(self, choices: Sequence[int], then: Scheduler) -> None:
        self._choices = choices
        self._then = then
        self._decisions = 0

    def choose(self, decision: Decision) -> int:
        if self._decisions == len(self._choices):
            return self._then.choose(decision)
        choice = self._choices[self._decisions]
        self._decisions += 1
        return decision.enabled[choice % len(decision.enabled)]


def choices_made(moves: Sequence[Move]) -> tuple[int, ...]:
    """Return the choices that lead to these moves, without zeros at the end."""
    made = [move.enabled.index(move.actor) for move in moves]
    while made and not made[-1]:
        made.pop()
    return tuple(made)


def divergence(first: Sequence[Move], again: Sequence[Move]) -> str | None:
    """Return in one line where the replay `again` took another way than the `first` run; None if it did not."""
    for number, (expected, actual) in enumerate(zip_longest(first, again)):
        if expected is None or actual is None:
            return f"replay diverged: {len(again)} moves in all; {len(first)} in the first run"
        if (expected.enabled, expected.actor) != (actual.enabled, actual.actor):
            return f"replay diverged at move {number}: {_described(actual)}; in the first run {_described(expected)}"
    return None


def _described(move: Move) -> str:
    return f"actor {move.actor} moved (runnable: {', '.join(map(str, move.enabled))})"
