"""Passes that change the steps of the actors: rounds, steps, actors, months."""

from collections.abc import Iterator

import msgspec

from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.programs.shrinking.tidying import Steps, tidy

SIMPLER_TIMEOUTS_MS = (0, 20, 50)
SAFE_TIMEOUT_MS = SIMPLER_TIMEOUTS_MS[-1]
"""Long enough for any call whose answer does not depend on its timeout."""


def reduce_rounds(program: Program) -> Iterator[Program]:
    """Propose fewer rounds of a race: one, then a growing part of them."""
    most = program.rounds
    for rounds in sorted({1, most // 8, most // 2, most * 3 // 4, most - 1}):
        if 1 <= rounds < most:
            yield msgspec.structs.replace(program, rounds=rounds)


def delete_chunks(program: Program) -> Iterator[Program]:
    """Delete adjacent steps: half of them, then a quarter, down to single steps.

    The last chunk goes first, since the steps after a failure are the least needed.
    """
    steps, length = program.steps, len(program.steps)
    chunk = length // 2
    while chunk >= 1:
        for start in range(length - chunk, -1, -chunk):
            yield tidy(program, steps=steps[:start] + steps[start + chunk :])
        chunk //= 2


def delete_pairs(program: Program) -> Iterator[Program]:
    """Delete any two steps, for two that are only needed together, such as a pending call and its join."""
    steps, length = program.steps, len(program.steps)
    for first in range(length):
        for second in range(first + 1, length):
            yield tidy(program, steps=steps[:first] + steps[first + 1 : second] + steps[second + 1 :])


def delete_one_and_lengthen_timeouts(program: Program) -> Iterator[Program]:
    """Delete one step and raise all short timeouts to `SAFE_TIMEOUT_MS`.

    A step may be needed only because it makes the next call fast enough for a timeout of a millisecond.
    """
    longer = tuple(
        msgspec.structs.replace(step, timeout_ms=SAFE_TIMEOUT_MS)
        if isinstance(step, Operation) and 0 < step.timeout_ms < SAFE_TIMEOUT_MS
        else step
        for step in program.steps
    )
    if longer != program.steps:
        for index in range(len(longer)):
            yield tidy(program, steps=_without(longer, index))


def delete_one_and_advance_a_fault(program: Program) -> Iterator[Program]:
    """Delete one step and let a fault hit an earlier message.

    At the gate a fault counts the messages of its actor, so the messages of the deleted step have to be subtracted.
    """
    steps = program.steps
    for place, fault in enumerate(steps):
        if isinstance(fault, Fault):
            for message in sorted({0, fault.message - 1} & {*range(fault.message)}):
                earlier = _with_step(steps, place, msgspec.structs.replace(fault, message=message))
                for index in range(len(steps)):
                    if index != place:
                        yield tidy(program, steps=_without(earlier, index))


def merge_two_actors(program: Program) -> Iterator[Program]:
    """Give all steps of one actor to another."""
    for actor in range(program.actors):
        for other in range(program.actors):
            if other != actor:
                steps = tuple(
                    msgspec.structs.replace(step, actor=other) if step.actor == actor else step
                    for step in program.steps
                )
                yield tidy(program, steps=steps)


def merge_two_months(program: Program) -> Iterator[Program]:
    """Replace one month by the first month of the program."""
    for month in program.months[1:]:
        yield tidy(program, steps=_with_month_replaced(program.steps, month, program.months[0]))


def begin_earlier(program: Program) -> Iterator[Program]:
    """Move the planned times of a race so that the first operation with one begins at once.

    The distances remain, since they decide what happens: a single time is never simplified.
    """
    times_us = [step.at_us for step in program.steps if isinstance(step, Operation) and step.at_us]
    # whole milliseconds, since the times of faults have no fractions
    earlier_ms = min(times_us, default=0) // 1000
    if earlier_ms:
        yield tidy(program, steps=tuple(_begun_earlier(step, earlier_ms) for step in program.steps))


def _begun_earlier(step: Step, earlier_ms: int) -> Step:
    if isinstance(step, Fault):
        return msgspec.structs.replace(step, at_ms=max(0, step.at_ms - earlier_ms))
    return msgspec.structs.replace(step, at_us=max(0, step.at_us - earlier_ms * 1000))


def simplify_one_step(program: Program) -> Iterator[Program]:
    """Remove one special detail of a step: a pause, a body, a long timeout, the time of a fault."""
    for index, step in enumerate(program.steps):
        for other in _simpler_steps(step):
            yield tidy(program, steps=_with_step(program.steps, index, other))


def _simpler_steps(step: Step) -> Iterator[Step]:
    if isinstance(step, Fault):
        yield from _simpler_faults(step)
        return
    if step.pause_us:
        yield msgspec.structs.replace(step, pause_us=0)
    if step.verb == "hold":
        yield msgspec.structs.replace(step, verb="acquire", raises=False, sql_error=False)
    if step.pending:
        yield msgspec.structs.replace(step, pending=False)
    if step.sql_error:
        yield msgspec.structs.replace(step, sql_error=False)
    if step.raises:
        yield msgspec.structs.replace(step, raises=False, sql_error=False)
    for timeout_ms in SIMPLER_TIMEOUTS_MS:
        if timeout_ms < step.timeout_ms:
            yield msgspec.structs.replace(step, timeout_ms=timeout_ms)


def _simpler_faults(fault: Fault) -> Iterator[Fault]:
    if fault.message:
        yield msgspec.structs.replace(fault, message=fault.message - 1)
    if fault.at_ms:
        yield msgspec.structs.replace(fault, at_ms=0)
        yield msgspec.structs.replace(fault, at_ms=fault.at_ms // 2)


def move_a_month_earlier(program: Program) -> Iterator[Program]:
    """Replace one month by an earlier one, towards January, February and so on of the first year."""
    first_year = min((month.year for month in program.months), default=0)
    for month in program.months:
        for number in range(1, len(program.months) + 1):
            earlier = Month(first_year, number)
            if earlier < month and earlier not in program.months:
                yield tidy(program, steps=_with_month_replaced(program.steps, month, earlier))


def _with_month_replaced(steps: Steps, old: Month, new: Month) -> Steps:
    return tuple(
        msgspec.structs.replace(step, month=new)
        if isinstance(step, Operation) and step.month == old
        else step
        for step in steps
    )


def _with_step(steps: Steps, index: int, step: Step) -> Steps:
    return (*steps[:index], step, *steps[index + 1 :])


def _without(steps: Steps, index: int) -> Steps:
    return steps[:index] + steps[index + 1 :]
