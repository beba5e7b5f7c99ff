"""From a recorded race to a program for the gate that sends the same messages in the same order.

Whether a race fails depends on its timing.  At the gate the order of the messages is part of the program, so
the failure comes back and can be shrunk.  Three pure functions do this:

1. `recordable` reduces the race to the part that the gate can record.
2. After the recording, `earliest_evidence` finds the steps that prove the violation.
3. `gate_program` builds the program from the recorded history.

No outcome at the gate depends on a clock.  So pauses are dropped.  An acquire that was refused in the race gets the timeout 0,
and an acquire that succeeded, or did not return, gets a long one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from lock_harness.analysis.calls import Call, calls_of
from lock_harness.core.fault import FAULTS, Fault, FaultKind
from lock_harness.core.history import Event, History, Move
from lock_harness.core.program import Operation, Program, Step
from lock_harness.core.schedule import Recorded
from lock_harness.core.verdict import Verdict
from lock_harness.programs.draws.gate import LONG_TIMEOUT_MS

MAX_STEPS = 300
GATE_FAULT_FOR: dict[FaultKind, FaultKind] = {
    "kill": "kill",
    "terminate": "terminate",
    "reset": "reset",
    "cut": "reset",
}
"""The gate's equivalents of the faults of a race.  Other faults are dropped; the program may fail without them."""


def earliest_evidence(verdicts: Sequence[Verdict], wanted: frozenset[str]) -> tuple[int, ...]:
    """Return the event numbers that prove a violation of one of the `wanted` checks.

    If several are violated, the evidence that is complete first is returned; without any evidence, an empty tuple.
    """
    evidence = [one.evidence for one in verdicts if one.status == "violated" and one.check in wanted]
    return min((one for one in evidence if one), key=max, default=())


def recordable(program: Program, evidence: Sequence[int]) -> Program:
    """Return a race without the steps that the gate cannot run and the rounds after the `evidence`."""
    steps = tuple(one for step in program.steps for one in _for_gate(step))
    needed = 1 + max(evidence, default=program.total_steps) // max(1, len(program.steps))
    return msgspec.structs.replace(program, steps=steps, rounds=min(program.rounds, needed))


def _for_gate(step: Step) -> Iterator[Step]:
    """Generate the equivalent of `step` at the gate, if it has one."""
    if isinstance(step, Operation):
        if step.verb not in ("spawn", "inspect"):
            yield step
    elif step.kind in GATE_FAULT_FOR:
        yield msgspec.structs.replace(step, kind=GATE_FAULT_FOR[step.kind])


def gate_program(
    program: Program, history: History, evidence: Sequence[int], *, evidence_only: bool = False
) -> Program | None:
    """Return a program for the gate that repeats a recorded race up to its `evidence`.

    Args:
        program: The race.
        history: The recorded history, with the moves at the gate.
        evidence: The event numbers that prove the violation.  If it is empty, the whole race is repeated.
        evidence_only: Leave out all steps that are not evidence.  They often are not needed.

    Returns:
        The program, or None if it would have more than `MAX_STEPS` steps.
    """
    until_ns = max((one.at_ns for one in history.events if not evidence or one.number in evidence), default=0)
    events = [
        one
        for one in history.events
        if one.at_ns <= until_ns and (one.number in evidence or not evidence_only)
    ]
    moves = [move for move in history.moves if move.at_ns <= until_ns]
    invoked = {one.number for one in events if one.kind == "invoke" and one.number < program.total_steps}
    calls = {call.number: call for call in calls_of(history.events) if call.number in invoked}
    faults = _faults_by_step(events, calls, moves)
    steps = [*_gate_steps(program, calls, faults)]
    if len(steps) > MAX_STEPS:
        return None
    moves += [one.extra_move for some in faults.values() for one in some if one.extra_move]
    order = _order(moves, {one.number: place for place, one in enumerate(steps)})
    return Program(
        actors=program.actors,
        months=program.months,
        steps=tuple(one.step for one in steps),
        mode="gate",
        scheduler=Recorded(tuple(order)),
        settings=program.settings,
    )


class _GateStep(NamedTuple):
    """A step of the new program, and the number that its recorded moves have.  A fault has no moves."""

    step: Step
    number: int | None


def _gate_steps(
    program: Program, calls: Mapping[int, Call], faults: Mapping[int, Sequence["_PlacedFault"]]
) -> Iterator[_GateStep]:
    """Generate the steps in the order of their numbers: before each call its faults."""
    for number in sorted({*calls, *faults}):
        for one in faults.get(number, ()):
            yield _GateStep(one.fault, None)
            if one.extra_move and program.months:
                extra_step = Operation(one.fault.actor, "acquire", program.months[0])
                yield _GateStep(extra_step, one.extra_move.number)
        if number in calls:
            step = program.steps[number % len(program.steps)]
            assert isinstance(step, Operation)
            yield _GateStep(_without_clock(step, calls[number]), number)


def _without_clock(step: Operation, call: Call) -> Operation:
    waits = step.timeout_ms and call.answer is not False
    timeout_ms = max(LONG_TIMEOUT_MS, step.timeout_ms) if waits else 0
    return msgspec.structs.replace(step, timeout_ms=timeout_ms, pause_us=0, at_us=0)


def _order(moves: Sequence[Move], places: Mapping[int | None, int]) -> Iterator[tuple[int, int]]:
    """Generate the recorded order: for each move its actor and the index of its step in the new program.

    A move of a step that is not in the program, such as the opening of a new session, belongs to its actor's step before.
    """
    current: dict[int, int] = {}
    for move in sorted(moves, key=lambda move: move.at_ns):
        current[move.actor] = places.get(move.number, current.get(move.actor, -1))
        if current[move.actor] >= 0:
            yield move.actor, current[move.actor]


# Faults

AFTER_LAST_STEP = 2**63
"""The number under which faults are listed that came after the last call of their actor."""


class _PlacedFault(NamedTuple):
    """A fault at a message, and the move of an extra step if the fault needs one.

    At the gate a process is killed at a message, and the step of that message is not repeated.  If the race killed the
    process between two steps, an extra step has to send the message.  The server never gets it.
    """

    fault: Fault
    extra_move: Move | None = None


def _faults_by_step(
    events: Sequence[Event], calls: Mapping[int, Call], moves: Sequence[Move]
) -> dict[int, list[_PlacedFault]]:
    """Return the recorded faults, by the number of the call before which each has to stand."""
    found: dict[int, list[_PlacedFault]] = {}
    previous_ns: dict[int, int] = {}  # actor: the time of its previous fault
    for event in events:
        if event.kind == "fault" and event.fault:
            # SessionIds compare by actor, then by incarnation.
            later = [call for call in calls.values() if event.session <= call.session < (event.actor + 1,)]
            call = next((call for call in later if call.until_ns > event.at_ns), None)
            since_ns = previous_ns.get(event.actor, 0)
            own_moves = [move for move in moves if move.actor == event.actor and move.at_ns > since_ns]
            number = call.number if call else AFTER_LAST_STEP
            found.setdefault(number, []).append(_placed_fault(event, call, own_moves))
            previous_ns[event.actor] = event.at_ns
    return found


def _placed_fault(event: Event, call: Call | None, moves: Sequence[Move]) -> _PlacedFault:
    """Return the fault at the message at which it hit in the race.

    During a call that is the last message that the actor had sent; otherwise it is the next message.

    Args:
        event: The fault.
        call: The first call of the actor that had not returned at that time, whether it had begun or not.
        moves: The moves of the actor since the fault before.
    """
    assert event.fault
    if call is None or call.invoked_ns > event.at_ns:
        # `~number` is negative, so it cannot equal the number of a call.
        extra_move = Move(at_ns=event.at_ns, actor=event.actor, number=~event.number, text="", enabled=())
        return _PlacedFault(
            Fault(event.actor, event.fault), extra_move if FAULTS[event.fault].ends_process else None
        )
    sent = sum(m.number == call.number and bool(m.text) and m.at_ns <= event.at_ns for m in moves)
    if not sent:
        return _PlacedFault(Fault(event.actor, event.fault))
    return _PlacedFault(Fault(event.actor, event.fault, message=sent - 1, point="after"))
