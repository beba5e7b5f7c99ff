"""Draws for a race: each actor gets rounds of its own, with pauses that are mostly tiny, and faults strike in between."""

from collections.abc import Callable, Iterator, Sequence

from lock_harness.core.fault import FAULTS, Fault, FaultKind
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND, Draw
from lock_harness.programs.draws.digits import Digits

PAUSES_US = (0, 0, 0, 0, 50, 300, 2000)
ROUND_MS = (1000, 1000, 30, 0)  # for a month that somebody else gives back soon
SHORT_MS = (0, 1, 20)  # for a month that is kept: two who want two would wait for each other
AT_MS = (0, 1, 2, 5, 10, 20, 40)
FOR_MS = (5, 40, 150)


def decode(
    actors: int, months: tuple[Month, ...], choices: Sequence[int], weights: dict[str, int], draw: Draw
) -> Program:
    """The program that these choices stand for.  Pure: the same choices give the same program."""
    steps = decoded(actors, months, choices, weights, draw.faults, _fault)
    return Program(actors, months, steps, "race", draw.pooler)


def decoded(
    actors: int,
    months: tuple[Month, ...],
    choices: Sequence[int],
    weights: dict[str, int],
    most_faults: int,
    fault: Callable[[int, FaultKind, Digits], Fault],
) -> tuple[Step, ...]:
    """The steps that these choices stand for; `fault` makes one of an actor, a kind and what is left of a choice."""
    steps: list[Step] = []
    faults = 0
    for choice in choices:
        digits = Digits(choice)
        kind = digits.weighted(weights)
        if kind in FAULTS_BY_STEP_KIND and faults >= most_faults:
            continue
        faults += kind in FAULTS_BY_STEP_KIND
        actor = digits.below(actors)
        if kind in FAULTS_BY_STEP_KIND:
            steps.append(fault(actor, FAULTS_BY_STEP_KIND[kind], digits))
        else:
            steps.extend(_operations(kind, actor, months, digits))
    return tuple(steps)


def _fault(actor: int, kind: FaultKind, digits: Digits) -> Fault:
    at_ms = digits.of(AT_MS)
    return Fault(actor, kind, at_ms, digits.of(FOR_MS) if FAULTS[kind].lasting else 0)


def _operations(kind: str, actor: int, months: tuple[Month, ...], digits: Digits) -> Iterator[Operation]:
    month = digits.of(months)
    match kind:
        case "round":
            yield Operation(actor, "acquire", month, digits.of(ROUND_MS), pause_us=digits.of(PAUSES_US))
            yield Operation(actor, "count", month)
            yield Operation(actor, "release", month, pause_us=digits.of(PAUSES_US))
        case "acquire":
            yield Operation(actor, "acquire", month, digits.of(SHORT_MS), pause_us=digits.of(PAUSES_US))
        case "hold":
            raises = digits.once_in(2)
            yield Operation(actor, "hold", month, digits.of(SHORT_MS), raises, pause_us=digits.of(PAUSES_US))
        case "release" | "is_locked":
            yield Operation(actor, kind, month, pause_us=digits.of(PAUSES_US))
        case "list" | "reopen" | "spawn":
            yield Operation(actor, kind, pause_us=digits.of(PAUSES_US))
