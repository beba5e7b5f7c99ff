"""Draws for the gate: steps as in a race, without pauses and with timeouts that hinge on no clock;
faults that strike at a message; and who moves when."""

from collections.abc import Sequence

import msgspec
from hypothesis import strategies as st

from lock_harness.core.fault import GATE_FAULTS, Fault, FaultKind
from lock_harness.core.program import Month, Program, Step
from lock_harness.core.run import PctGuarantee
from lock_harness.core.schedule import Pct, Random, SchedulerSpec
from lock_harness.programs.draw import Draw
from lock_harness.programs.draws import race
from lock_harness.programs.draws.digits import Digits

LARGEST_SEED = 2**32 - 1
SWITCHES = (0, 0, 0, 0, 0, 1, 1, 2)
MOVES = 6  # of one step, at most, that are chosen; afterwards everybody goes on as long as it can
MOVES_OF_PCT = 3  # of one step, with the release that follows if nobody gives it back
STEPS_OF_ROUND = 3
MESSAGES = (0, 0, 0, 1, 1, 2)  # at which of them, counted from its place, a fault strikes
LONG_MS = 1000  # a timeout shorter than that, but not 0, would be over sooner or later from run to run


def decode(
    actors: int, months: tuple[Month, ...], choices: Sequence[int], weights: dict[str, int], draw: Draw
) -> Program:
    """The program that these choices stand for, with nobody chosen yet."""
    steps = race.decoded(actors, months, choices, weights, draw.faults, _fault)
    return Program(actors, months, tuple(map(_at_gate, steps)), "gate")


def _fault(actor: int, kind: FaultKind, digits: Digits) -> Fault:
    return Fault(actor, kind, message=digits.of(MESSAGES), point=digits.of(GATE_FAULTS[kind]))


def _at_gate(step: Step) -> Step:
    if isinstance(step, Fault):
        return step
    timeout_ms = LONG_MS if step.timeout_ms >= LONG_MS else 0
    return msgspec.structs.replace(step, timeout_ms=timeout_ms, pause_us=0)


def scheduled(programs: st.SearchStrategy[Program], draw: Draw) -> st.SearchStrategy[Program]:
    """The same programs, with what the draw's algorithm needs."""
    if draw.scheduler == "choices":
        choices = st.lists(st.sampled_from(SWITCHES), max_size=MOVES * draw.steps[1]).map(tuple)
        return st.builds(
            lambda program, made: msgspec.structs.replace(program, choices=made), programs, choices
        )

    def seeded(program: Program, seed: int) -> Program:
        return msgspec.structs.replace(program, scheduler=_scheduler_spec(draw, program, seed))

    return st.builds(seeded, programs, st.integers(0, LARGEST_SEED))


def _scheduler_spec(draw: Draw, program: Program, seed: int) -> SchedulerSpec:
    if draw.scheduler == "random":
        return Random(seed)
    return _pct(seed, draw, len(program.steps))


def _pct(seed: int, draw: Draw, steps: int) -> Pct:
    return Pct(seed, draw.depth, max(1, MOVES_OF_PCT * steps))


def pct_guarantee(draw: Draw, moves: int) -> PctGuarantee | None:
    """What PCT promises of this draw, whose largest example had so many moves; None of other algorithms."""
    if draw.mode != "gate" or draw.scheduler != "pct":
        return None
    largest = draw.steps[1] * (STEPS_OF_ROUND if "round" in draw.weights else 1)
    return PctGuarantee(_pct(0, draw, largest), draw.actors[1], moves)
