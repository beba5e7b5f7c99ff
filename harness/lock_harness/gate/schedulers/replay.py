"""Follow the choices of a program; then whatever another algorithm says."""

from collections.abc import Sequence
from itertools import zip_longest

from lock_harness.core.history import Move
from lock_harness.gate.schedulers.scheduler import Decision, Scheduler


class ReplayScheduler:
    """Choice c picks number c of those enabled, modulo how many there are."""

    def __init__(self, choices: Sequence[int], then: Scheduler) -> None:
        self._choices = choices
        self._then = then
        self._made = 0

    def choose(self, decision: Decision) -> int:
        if self._made == len(self._choices):
            return self._then.choose(decision)
        choice = self._choices[self._made]
        self._made += 1
        return decision.enabled[choice % len(decision.enabled)]


def choices_made(moves: Sequence[Move]) -> tuple[int, ...]:
    """The choices that lead to these moves again, without the zeros at their end."""
    made = [one.enabled.index(one.actor) for one in moves]
    while made and not made[-1]:
        made.pop()
    return tuple(made)


def divergence(first: Sequence[Move], again: Sequence[Move]) -> str | None:
    """Where the same choices led elsewhere, in one line; None if nowhere: then only the order of the moves matters."""
    for number, (one, other) in enumerate(zip_longest(first, again)):
        if one is None or other is None:
            return f"run again with the same choices, it took {len(again)} moves and not {len(first)}"
        if (one.enabled, one.actor) != (other.enabled, other.actor):
            return (
                f"run again with the same choices, it differed at move {number}: of the actors {_listed(other)} "
                f"moved {other.actor}, and not {one.actor} of {_listed(one)}"
            )
    return None


def _listed(move: Move) -> str:
    return ", ".join(map(str, move.enabled))
