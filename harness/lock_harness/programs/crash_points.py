"""The crash points of a program: every fault that can end its target actor or session, at every message of that actor.

The messages are those of one run without faults.  Each crash point becomes one program with one fault.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from lock_harness.core.fault import FAULTS, Fault
from lock_harness.core.history import TERMINATE, Move
from lock_harness.core.program import Operation, Program
from lock_harness.core.run import CrashPoint
from lock_harness.core.verdict import Status, Verdict

TARGET = 0
"""The actor that every fault hits.  The other actors show whether its months become free."""


class CrashTrial(NamedTuple):
    """A crash point that is still to be tried, and the program that injects its fault.

    `moves_before` is the number of moves up to the one that the fault hits.
    """

    point: CrashPoint
    program: Program
    moves_before: int


class _SentMessage(NamedTuple):
    """A message of the target.

    Attributes:
        place: The index of its move among all moves.
        move: The move that sent it.
        index_in_step: Its index among the messages of its step.
    """

    place: int
    move: Move
    index_in_step: int


def without_verbs(program: Program, verbs: frozenset[str]) -> Program:
    """Return `program` without the operations that have one of `verbs`."""
    kept = (step for step in program.steps if not isinstance(step, Operation) or step.verb not in verbs)
    return msgspec.structs.replace(program, steps=tuple(kept))


def crash_trials(program: Program, moves: Sequence[Move]) -> list[CrashTrial]:
    """Return a trial for every crash point of `program`.

    Args:
        program: A program without faults.
        moves: The moves of a run of it.
    """
    return [
        _trial(program, message, fault, overtaken)
        for message in _messages(program, moves)
        for fault in _faults(message)
        for overtaken in (False, True)
    ]


def death_trials(program: Program, moves: Sequence[Move]) -> list[CrashTrial]:
    """Return a trial for each crash point of `program` at which the target dies; the target has no steps after that.

    Args:
        program: A program without faults.
        moves: The moves of a run of it.
    """
    trials = [
        _trial(program, message, fault, overtaken=False)
        for message in _messages(program, moves)
        for fault in _faults(message)
        if fault.traits.ends_process
    ]
    return [
        trial._replace(program=_without_steps_after(trial.program, trial.point.fault)) for trial in trials
    ]


def _without_steps_after(program: Program, fault: Fault) -> Program:
    """Return `program` without the steps of the target that follow the one that `fault` hits."""
    hit = program.steps.index(fault) + 1
    later = (step for step in program.steps[hit + 1 :] if step.actor != TARGET)
    return msgspec.structs.replace(program, steps=(*program.steps[: hit + 1], *later))


def _messages(program: Program, moves: Sequence[Move]) -> Iterator[_SentMessage]:
    """Generate the messages that the target sends."""
    sent: Counter[int] = Counter()
    for place, move in enumerate(moves):
        if move.actor == TARGET and move.text:
            step = _step_index(program, move)
            yield _SentMessage(place, move, sent[step])
            sent[step] += 1


def _step_index(program: Program, move: Move) -> int:
    """Return the index of the step of a move.  The final release of held months counts as one step after the last."""
    return min(move.number, len(program.steps))


def _faults(message: _SentMessage) -> Iterator[Fault]:
    """Generate the faults that can hit a message.

    No reply follows Terminate, so a fault of the session after that message has no effect and is skipped.
    """
    for kind, traits in FAULTS.items():
        for point in traits.gate_points if traits.crash else ():
            if point == "before" or traits.ends_process or message.move.text != TERMINATE:
                yield Fault(TARGET, kind, message=message.index_in_step, point=point)


def _trial(program: Program, message: _SentMessage, fault: Fault, overtaken: bool) -> CrashTrial:
    move = message.move
    number = _step_index(program, move)
    step = next(iter(program.steps[number:]), Operation(TARGET, "release", move.month))
    assert isinstance(step, Operation)
    steps = (*program.steps[:number], fault, *program.steps[number:])
    if overtaken:
        # The schedule up to the move that the fault hits, then a switch to another actor.
        until = message.place + 1
        choices = (*(program.choices + (0,) * until)[:until], 1)
    else:
        choices = program.choices
    point = CrashPoint(
        number=number,
        verb=step.verb,
        month=step.month,
        text=move.text,
        fault=fault,
        overtaken=overtaken,
    )
    program = msgspec.structs.replace(program, steps=steps, choices=choices)
    return CrashTrial(point=point, program=program, moves_before=message.place + 1)


def judged(trial: CrashTrial, status: Status, verdicts: Sequence[Verdict], injected: bool) -> CrashPoint:
    """Return the crash point of `trial` with the outcome of its run.

    Args:
        trial: The trial that was run.
        status: The status of the run.
        verdicts: The verdicts of all checks.
        injected: Whether the fault was injected, or a check was violated without it.
    """
    if status == "holds" and not injected:
        return msgspec.structs.replace(trial.point, why="the fault was not injected")
    why = "; ".join(f"{one.check}: {one.why}" for one in verdicts if one.status == status != "holds")
    return msgspec.structs.replace(trial.point, status=status, why=why)
