"""Draws for a race: every actor gets steps of its own, with pauses that are mostly short, and faults at drawn times."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from lock_harness.core.contract import DEFAULT, Contract
from lock_harness.core.fault import FAULTS, Fault, FaultKind
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND, PLANNED, Draw
from lock_harness.programs.draws.digits import Digits
from lock_harness.programs.draws.planned import TimePlanner

PAUSES_US = (0, 0, 0, 0, 50, 300, 2000)
ROUND_TIMEOUTS_MS = (1000, 1000, 30, 0)
"""For a month that its holder releases soon."""
KEEP_TIMEOUTS_MS = (0, 1, 20)
"""For a month that is kept.  They are short, as two actors that want two months each may wait for each other."""
FAULT_TIMES_MS = (0, 1, 2, 5, 10, 20, 40)
FAULT_DURATIONS_MS = (5, 40, 150)

MakeFault = Callable[[int, FaultKind, Digits], Fault]
"""Returns a fault of an actor and a kind.  The digits decide the rest."""


def decode(
    draw: Draw,
    *,
    weights: Mapping[str, int],
    actors: int,
    months: tuple[Month, ...],
    numbers: Sequence[int],
    contract: Contract = DEFAULT,
) -> Program:
    """Return the program that these drawn numbers stand for."""
    steps = decode_steps(
        weights=weights,
        actors=actors,
        months=months,
        numbers=numbers,
        max_faults=draw.faults,
        make_fault=_make_fault,
        contract=contract,
    )
    return Program(
        actors=actors, months=months, steps=steps, mode="race", pooler=draw.pooler, threads=draw.threads
    )


def decode_steps(
    *,
    weights: Mapping[str, int],
    actors: int,
    months: tuple[Month, ...],
    numbers: Sequence[int],
    max_faults: int,
    make_fault: MakeFault,
    contract: Contract,
) -> tuple[Step, ...]:
    """Return the steps that these drawn numbers stand for, without the faults beyond `max_faults`."""
    steps: list[Step] = []
    planner = TimePlanner(actors, months, contract)
    faults = 0
    for number in numbers:
        digits = Digits(number)
        kind = digits.weighted(weights)
        if kind in PLANNED:
            planned = planner.plan(kind, digits, may_crash=faults < max_faults)
            faults += sum(isinstance(step, Fault) for step in planned)
            steps.extend(planned)
        elif kind not in FAULTS_BY_STEP_KIND:
            steps.extend(_operations(kind, digits.below(actors), months, digits))
        elif faults < max_faults:
            faults += 1
            steps.append(make_fault(digits.below(actors), FAULTS_BY_STEP_KIND[kind], digits))
    return tuple(steps)


def _make_fault(actor: int, kind: FaultKind, digits: Digits) -> Fault:
    at_ms = digits.of(FAULT_TIMES_MS)
    for_ms = digits.of(FAULT_DURATIONS_MS) if FAULTS[kind].lasting else 0
    return Fault(actor, kind, at_ms=at_ms, for_ms=for_ms)


def _operations(kind: str, actor: int, months: tuple[Month, ...], digits: Digits) -> Iterator[Operation]:
    month = digits.of(months)
    match kind:
        case "round":
            timeout_ms = digits.of(ROUND_TIMEOUTS_MS)
            yield Operation(actor, "acquire", month, timeout_ms, pause_us=digits.of(PAUSES_US))
            yield Operation(actor, "count", month)
            yield Operation(actor, "release", month, pause_us=digits.of(PAUSES_US))
        case "acquire":
            timeout_ms = digits.of(KEEP_TIMEOUTS_MS)
            yield Operation(actor, "acquire", month, timeout_ms, pause_us=digits.of(PAUSES_US))
        case "hold":
            raises, timeout_ms = digits.once_in(2), digits.of(KEEP_TIMEOUTS_MS)
            yield Operation(actor, "hold", month, timeout_ms, raises=raises, pause_us=digits.of(PAUSES_US))
        case "sql_error":
            timeout_ms, pause_us = digits.of(KEEP_TIMEOUTS_MS), digits.of(PAUSES_US)
            yield Operation(actor, "hold", month, timeout_ms, raises=True, pause_us=pause_us, sql_error=True)
        case "release" | "believes" | "is_locked":
            yield Operation(actor, kind, month, pause_us=digits.of(PAUSES_US))
        case "list" | "inspect" | "reopen" | "spawn":
            yield Operation(actor, kind, pause_us=digits.of(PAUSES_US))
