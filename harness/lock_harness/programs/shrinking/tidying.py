"""The tidy form of a program, in which every pass proposes its candidates."""

from collections.abc import Iterator

import msgspec

from lock_harness.core.program import Operation, Program, Step

Steps = tuple[Step, ...]
Choices = tuple[int, ...]


def tidy(program: Program, *, steps: Steps | None = None, choices: Choices | None = None) -> Program:
    """Return `program`, with other `steps` or `choices` if given, without the parts that nothing needs.

    Actors and months without a step, and joins without a pending operation, are dropped.  Actors are numbered in the
    order of their first steps.
    """
    steps = tuple(_without_idle_joins(program.steps if steps is None else steps))
    choices = program.choices if choices is None else choices
    numbers = {actor: number for number, actor in enumerate(dict.fromkeys(step.actor for step in steps))}
    months = {step.month: None for step in steps if isinstance(step, Operation) and step.month}
    return msgspec.structs.replace(
        program,
        actors=max(1, len(numbers)),
        months=tuple(months) or program.months[:1],
        steps=tuple(msgspec.structs.replace(step, actor=numbers[step.actor]) for step in steps),
        choices=_without_trailing_zeros(choices),
    )


def _without_idle_joins(steps: Steps) -> Iterator[Step]:
    pending: set[int] = set()
    for step in steps:
        if isinstance(step, Operation) and step.verb == "join" and step.actor not in pending:
            continue
        pending.discard(step.actor)
        if isinstance(step, Operation) and step.pending:
            pending.add(step.actor)
        yield step


def _without_trailing_zeros(choices: Choices) -> Choices:
    """Return `choices` without the zeros at the end: 0 is also the choice when the choices are used up."""
    while choices and not choices[-1]:
        choices = choices[:-1]
    return choices
