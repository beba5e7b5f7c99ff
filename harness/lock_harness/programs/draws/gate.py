"""Draws for the gate: the steps of a race without pauses, faults at messages, and a schedule.

No outcome may depend on a clock here, so every timeout is either 0 or long.
"""

from collections.abc import Mapping, Sequence

import msgspec
from hypothesis import strategies as st

from lock_harness.core.contract import DEFAULT, Contract
from lock_harness.core.fault import GATE_FAULTS, Fault, FaultKind
from lock_harness.core.program import Month, Program, Step
from lock_harness.core.run import PctGuarantee
from lock_harness.core.schedule import Pct, Random, SchedulerSpec
from lock_harness.programs.draw import Draw
from lock_harness.programs.draws import race
from lock_harness.programs.draws.digits import Digits

LARGEST_SEED = 2**32 - 1
CHOICES = (0, 0, 0, 0, 0, 1, 1, 2)
"""A choice is mostly 0, which lets the same actor continue."""
CHOICES_PER_STEP = 6
"""The most choices that are drawn for one step.  After the last choice every actor continues as long as it can."""
PCT_MOVES_PER_STEP = 3
"""An estimate of the moves of one step, including a release in the clean-up."""
STEPS_OF_ROUND = 3
MESSAGES = (0, 0, 0, 1, 1, 2)
"""Which message a fault hits, counted from the place of the fault."""
LONG_TIMEOUT_MS = 1000
"""The shortest timeout that does not expire.  The outcome with a shorter one would differ from run to run."""


def decode(
    draw: Draw,
    *,
    weights: Mapping[str, int],
    actors: int,
    months: tuple[Month, ...],
    numbers: Sequence[int],
    contract: Contract = DEFAULT,
) -> Program:
    """Return the program that these drawn numbers stand for, without a schedule."""
    steps = race.decode_steps(
        weights=weights,
        actors=actors,
        months=months,
        numbers=numbers,
        max_faults=draw.faults,
        make_fault=_make_fault,
        contract=contract,
    )
    return Program(actors=actors, months=months, steps=tuple(map(_without_clock, steps)), mode="gate")


def _make_fault(actor: int, kind: FaultKind, digits: Digits) -> Fault:
    return Fault(actor, kind, message=digits.of(MESSAGES), point=digits.of(GATE_FAULTS[kind]))


def _without_clock(step: Step) -> Step:
    if isinstance(step, Fault):
        return step
    timeout_ms = LONG_TIMEOUT_MS if step.timeout_ms >= LONG_TIMEOUT_MS else 0
    return msgspec.structs.replace(step, timeout_ms=timeout_ms, pause_us=0, at_us=0)


def with_schedule(programs: st.SearchStrategy[Program], draw: Draw) -> st.SearchStrategy[Program]:
    """Return a strategy for the same programs, each with drawn choices or a scheduler with a drawn seed."""
    if draw.scheduler == "choices":
        choices = st.lists(st.sampled_from(CHOICES), max_size=CHOICES_PER_STEP * draw.steps[1]).map(tuple)
        return st.builds(
            lambda program, drawn: msgspec.structs.replace(program, choices=drawn), programs, choices
        )

    def with_seed(program: Program, seed: int) -> Program:
        return msgspec.structs.replace(program, scheduler=_scheduler_spec(draw, program, seed))

    return st.builds(with_seed, programs, st.integers(0, LARGEST_SEED))


def _scheduler_spec(draw: Draw, program: Program, seed: int) -> SchedulerSpec:
    if draw.scheduler == "random":
        return Random(seed)
    return _pct(seed, draw, len(program.steps))


def _pct(seed: int, draw: Draw, steps: int) -> Pct:
    return Pct(seed=seed, depth=draw.depth, length=max(1, PCT_MOVES_PER_STEP * steps))


def pct_guarantee(draw: Draw, moves: int) -> PctGuarantee | None:
    """Return the guarantee of PCT for this draw, or None if the draw uses another scheduler.

    The guarantee is that of the largest program that can be drawn.

    Args:
        draw: The request for programs.
        moves: The most moves of one example that was run.
    """
    if draw.mode != "gate" or draw.scheduler != "pct":
        return None
    steps = draw.steps[1] * (STEPS_OF_ROUND if "round" in draw.weights else 1)
    return PctGuarantee(pct=_pct(0, draw, steps), actors=draw.actors[1], moves=moves)
