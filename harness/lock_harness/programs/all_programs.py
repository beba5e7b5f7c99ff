"""All programs of a few steps, in order of size.

A program is left out if it cannot show more than another one that is run.  The rules, and why they are sound, are in
`lock_harness.programs.scopes`, for each mode.
"""

from collections.abc import Collection, Iterator
from functools import partial
from itertools import accumulate

from lock_harness.core.program import Month, Program
from lock_harness.programs.scopes import gate, lockstep
from lock_harness.programs.scopes.choice import Choice, Scope, step


def count(scope: Scope, size: int) -> int:
    """Return the number of programs of this size."""
    return lockstep.count(scope, size) if scope.mode == "lockstep" else gate.count(scope, size)


def programs(scope: Scope, steps: int, months: tuple[Month, ...], first: int = 0) -> Iterator[Program]:
    """Generate the programs of 1 to `steps` steps in order of size, from number `first` on."""
    choices = lockstep.choices if scope.mode == "lockstep" else gate.choices
    build = partial(_program, scope, months)
    for size in range(1, steps + 1):
        total = count(scope, size)
        if first < total:
            yield from map(build, choices(scope, size, first))
        first = max(0, first - total)


def sizes_before(totals: Collection[int], first: int, number: int) -> tuple[int, ...]:
    """Return how many of `number` programs from `first` on have 1 step, 2 steps, and so on, of `totals` that there are."""
    ends = accumulate(totals)
    return tuple(
        max(0, min(end, first + number) - max(end - total, first))
        for total, end in zip(totals, ends, strict=True)
    )


def _program(scope: Scope, months: tuple[Month, ...], choices: tuple[Choice, ...]) -> Program:
    used = 1 + max((choice.month or 0 for choice in choices), default=0)
    return Program(scope.actors, months[:used], tuple(step(choice, months) for choice in choices), scope.mode)
