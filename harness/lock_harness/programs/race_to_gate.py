"""From a race to a schedule: a program for the gate whose messages go in the order in which those of a race went.  Pure.

What a clock decided in the race is decided by the order here: nobody pauses, whoever was refused asks once, and
whoever got its month, or was never told, may wait for long.
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
"""What the gate has in the place of a race's faults; without the others it may go wrong as well."""


def earliest_evidence(verdicts: Sequence[Verdict], wanted: frozenset[str]) -> tuple[int, ...]:
    """The numbers that prove a wanted violation, of several the one that comes first; none if nobody knows them."""
    proofs = [one.evidence for one in verdicts if one.status == "violated" and one.check in wanted]
    return min((one for one in proofs if one), key=max, default=())


def recordable(program: Program, evidence: Sequence[int]) -> Program:
    """The race without what the gate cannot have, and with no more rounds than `proof` needs."""
    steps = tuple(one for step in program.steps for one in _at_gate(step))
    needed = 1 + max(evidence, default=program.total_steps) // max(1, len(program.steps))
    return msgspec.structs.replace(program, steps=steps, rounds=min(program.rounds, needed))


def _at_gate(step: Step) -> Iterator[Step]:
    if isinstance(step, Operation):
        if step.verb != "spawn":
            yield step
    elif step.kind in GATE_FAULT_FOR:
        yield msgspec.structs.replace(step, kind=GATE_FAULT_FOR[step.kind])


def gate_program(
    program: Program, history: History, evidence: Sequence[int], evidence_only: bool = False
) -> Program | None:
    """A race that was recorded, up to its `proof`, as a program for the gate; None if it is too long for that.

    `alone`: nothing but the proof, which often is enough.
    """
    until_ns = max((one.at_ns for one in history.events if not evidence or one.number in evidence), default=0)
    events = [
        one
        for one in history.events
        if one.at_ns <= until_ns and (one.number in evidence or not evidence_only)
    ]
    moves = [move for move in history.moves if move.at_ns <= until_ns]
    asked = {
        event.number for event in events if event.kind == "invoke" and event.number < program.total_steps
    }
    taken = {call.number: call for call in calls_of(history.events) if call.number in asked}
    struck = _struck(events, taken, moves)
    placed = [*_placed(program, taken, struck)]
    if len(placed) > MAX_STEPS:
        return None
    moves += [one.move for some in struck.values() for one in some if one.move]
    order = _order(moves, {one.number: place for place, one in enumerate(placed)})
    steps = tuple(one.step for one in placed)
    return Program(program.actors, program.months, steps, "gate", scheduler=Recorded(tuple(order)))


class _Placed(NamedTuple):
    """A step at the gate, and by which number its moves know it."""

    step: Step
    number: int | None


def _placed(
    program: Program, taken: Mapping[int, Call], struck: Mapping[int, Sequence["_Struck"]]
) -> Iterator[_Placed]:
    for number in sorted({*taken, *struck}):
        for one in struck.get(number, ()):
            yield _Placed(one.fault, None)
            if one.move and program.months:
                yield _Placed(Operation(one.fault.actor, "acquire", program.months[0]), one.move.number)
        if number in taken:
            step = program.steps[number % len(program.steps)]
            yield _Placed(_without_clock(step, taken[number]), number)


def _without_clock(step: Step, call: Call) -> Step:
    assert isinstance(step, Operation)
    patient = step.timeout_ms and call.answer is not False
    return msgspec.structs.replace(
        step, timeout_ms=max(LONG_TIMEOUT_MS, step.timeout_ms) if patient else 0, pause_us=0
    )


def _order(moves: Sequence[Move], places: Mapping[int | None, int]) -> Iterator[tuple[int, int]]:
    """Who moves, and at which place of the program; what is in no program belongs to the step before."""
    at: dict[int, int] = {}
    for move in sorted(moves, key=lambda move: move.at_ns):
        at[move.actor] = places.get(move.number, at.get(move.actor, -1))
        if at[move.actor] >= 0:
            yield move.actor, at[move.actor]


# Faults

AFTERWARDS = 2**63


class _Struck(NamedTuple):
    """A fault, and of somebody who was killed between two steps a move.

    At the gate one is killed at a message, and its step is not taken again.  So that is one more step, which reaches no
    server.
    """

    fault: Fault
    move: Move | None


def _struck(
    events: Sequence[Event], taken: Mapping[int, Call], moves: Sequence[Move]
) -> dict[int, list[_Struck]]:
    """The faults, by the number of the step before which each has its place."""
    found: dict[int, list[_Struck]] = {}
    last: dict[int, int] = {}  # actor: when it was struck before
    for event in events:
        if event.kind == "fault" and event.fault:
            alive = event.session
            calls = [call for call in taken.values() if alive <= call.session < (event.actor + 1,)]
            said = [m for m in moves if m.actor == event.actor and m.at_ns > last.get(event.actor, 0)]
            call = next((call for call in calls if call.until_ns > event.at_ns), None)
            one = _strike(event, call, said)
            found.setdefault(call.number if call else AFTERWARDS, []).append(one)
            last[event.actor] = event.at_ns
    return found


def _strike(event: Event, call: Call | None, moves: Sequence[Move]) -> _Struck:
    """In the midst of a call: after what it had said by then.  Else before the next thing that is said.

    `call`: the first of the actor's that had not returned, or not begun.
    """
    assert event.fault
    if call is None or call.invoked_ns > event.at_ns:
        move = Move(event.at_ns, event.actor, ~event.number, "", ())
        return _Struck(Fault(event.actor, event.fault), move if FAULTS[event.fault].ends_process else None)
    said = sum(m.number == call.number and bool(m.text) and m.at_ns <= event.at_ns for m in moves)
    if not said:
        return _Struck(Fault(event.actor, event.fault), None)
    return _Struck(Fault(event.actor, event.fault, message=said - 1, point="after"), None)
