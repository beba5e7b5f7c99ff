"""Every place where a client can be struck: from one run without faults to the programs that have one fault each.

The list is complete: whatever the first actor says to the server, and every fault that can strike there.
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

TARGET = 0  # the actor who is struck; the others show what became of its months


class CrashTrial(NamedTuple):
    """A crash point that was not tried yet, and the program in which the fault strikes there."""

    point: CrashPoint
    program: Program


def without_verbs(program: Program, verbs: frozenset[str]) -> Program:
    """The same program without these operations."""
    kept = (step for step in program.steps if not isinstance(step, Operation) or step.verb not in verbs)
    return msgspec.structs.replace(program, steps=tuple(kept))


def crash_trials(program: Program, moves: Sequence[Move]) -> list[CrashTrial]:
    """All crash points of a program without faults that takes these moves."""
    return [
        _trial(program, place, move, fault, overtaken)
        for place, move, message in _messages(program, moves)
        for fault in _faults(move, message)
        for overtaken in (False, True)
    ]


def _messages(program: Program, moves: Sequence[Move]) -> Iterator[tuple[int, Move, int]]:
    """Each move in which the one who is struck says something: its place, and which message of its step it has."""
    before: Counter[int] = Counter()
    for place, move in enumerate(moves):
        if move.actor == TARGET and move.text:
            step = _step(program, move)
            yield place, move, before[step]
            before[step] += 1


def _step(program: Program, move: Move) -> int:
    """To which step a move belongs; giving back in the end what is held, as if it were one more step."""
    return min(move.number, len(program.steps))


def _faults(move: Move, message: int) -> Iterator[Fault]:
    """Nothing can happen to the answer to a good-bye, nor to that session afterwards.  To be late is not to crash."""
    for kind, traits in FAULTS.items():
        for point in traits.gate_points if traits.crash else ():
            if point == "before" or traits.ends_process or move.text != TERMINATE:
                yield Fault(TARGET, kind, message=message, point=point)


def _trial(program: Program, place: int, move: Move, fault: Fault, overtaken: bool) -> CrashTrial:
    number = _step(program, move)
    step = next(iter(program.steps[number:]), Operation(TARGET, "release", move.month))
    assert isinstance(step, Operation)
    steps = (*program.steps[:number], fault, *program.steps[number:])
    before = (program.choices + (0,) * (place + 1))[: place + 1]
    choices = (*before, 1) if overtaken else program.choices
    point = CrashPoint(number, step.verb, step.month, move.text, fault, overtaken)
    return CrashTrial(point, msgspec.structs.replace(program, steps=steps, choices=choices))


def judged(trial: CrashTrial, status: Status, verdicts: Sequence[Verdict], injected: bool) -> CrashPoint:
    """The point with what came of it."""
    if status == "holds" and not injected:
        return msgspec.structs.replace(trial.point, why="the fault did not strike")
    why = "; ".join(f"{one.check}: {one.why}" for one in verdicts if one.status == status != "holds")
    return msgspec.structs.replace(trial.point, status=status, why=why)
