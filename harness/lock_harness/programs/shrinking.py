"""From a failing program to the smallest one that still fails.

Hypothesis draws; it does not shrink.  Its shrinker takes a test for a function of its draws, and gives up as
flaky when processes and a server answer differently the second time.  A program is plain data, so it can be
made smaller directly, at the pace and with the patience that an example with real processes needs; and a
program from a saved run can be made smaller just the same.
"""

from collections.abc import Callable, Iterator
from itertools import combinations, groupby

import msgspec

from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program, Step

Steps = tuple[Step, ...]
Choices = tuple[int, ...]
ENOUGH_SWITCHES = 2
FEW_CHOICES, MANY_CHOICES = 8, 24
MOVES_OF_A_STEP = 6  # or more: a transaction that counts and commits is one
SIMPLER_TIMEOUTS_MS = (0, 20, 50)
SURE_TIMEOUT_MS = SIMPLER_TIMEOUTS_MS[-1]  # long enough to tell, whatever else takes time


def shrink(program: Program, fails: Callable[[Program], bool | None]) -> Program:
    """The smallest program found: no single simplification of it fails.  When `fails` says None, it ends at once.

    A long program has more simplifications than anybody could even list.
    """
    tried = {program}
    improved = True
    while improved:
        improved = False
        for candidate in simpler(program):
            if candidate not in tried:
                tried.add(candidate)
                failed = fails(candidate)
                if failed is None:
                    return program
                if failed:
                    program, improved = candidate, True
                    break
    return program


def size(program: Program) -> tuple[int, ...]:
    """What is made smaller: rounds, steps, faults, actors, months, what makes steps special, then switches."""
    steps = [step for step in program.steps if isinstance(step, Operation)]
    return (
        program.rounds,
        len(program.steps),
        len(program.steps) - len(steps),
        program.actors,
        len(program.months),
        _switches(program),
        sum(step.verb == "hold" for step in steps),
        sum(step.pending for step in steps),
        sum(step.raises for step in steps),
        sum(step.timeout_ms for step in steps),
        sum(step.pause_us for step in steps),
        sum(step.at_ms + step.for_ms + step.message for step in program.steps if isinstance(step, Fault)),
        sum(month.year * 12 + month.month for month in program.months),
        len(program.choices),
        sum(program.choices),
    )


def _switches(program: Program) -> int:
    return sum(choice > 0 for choice in program.choices)


def simpler(program: Program) -> Iterator[Program]:
    """Programs that are smaller than this one, the boldest first."""
    yield from _with_fewer_rounds(program)
    seen = {program}
    for candidate in _all(program):
        if candidate not in seen and size(candidate) < size(program):
            seen.add(candidate)
            yield candidate


def _with_fewer_rounds(program: Program) -> Iterator[Program]:
    most = program.rounds
    for rounds in sorted({1, most // 8, most // 2, most * 3 // 4, most - 1}):
        if 1 <= rounds < most:
            yield msgspec.structs.replace(program, rounds=rounds)


def _all(program: Program) -> Iterator[Program]:
    if len(program.choices) <= MANY_CHOICES and _switches(program) > ENOUGH_SWITCHES:
        for choices in _few_switches(len(program.choices)):  # what does not fail is soon tried
            yield tidy(msgspec.structs.replace(program, choices=choices))
    for steps in _candidates(program):
        yield _tidied(steps, program)
    for choices in _simpler_choices(program.choices):
        yield tidy(msgspec.structs.replace(program, choices=choices))
    for index in range(len(program.steps)):  # fewer moves, and so fewer choices
        fewer = program.steps[:index] + program.steps[index + 1 :]
        for choices in _for_fewer_moves(program.choices):
            yield _tidied(fewer, msgspec.structs.replace(program, choices=choices))


def tidy(program: Program) -> Program:
    """Without actors, months and joins that nothing needs; actors numbered in the order of appearance."""
    return _tidied(program.steps, program)


def _tidied(steps: Steps, program: Program) -> Program:
    steps = tuple(_needed(steps))
    numbers = {actor: number for number, actor in enumerate(dict.fromkeys(step.actor for step in steps))}
    months = {step.month: None for step in steps if isinstance(step, Operation) and step.month}
    renumbered = tuple(msgspec.structs.replace(step, actor=numbers[step.actor]) for step in steps)
    return msgspec.structs.replace(
        program,
        actors=max(1, len(numbers)),
        months=tuple(months) or program.months[:1],
        steps=renumbered,
        choices=_trimmed(program.choices),
    )


def _trimmed(choices: Choices) -> Choices:
    """Without the zeros at the end, which say nothing."""
    while choices and not choices[-1]:
        choices = choices[:-1]
    return choices


def _needed(steps: Steps) -> Iterator[Step]:
    pending: set[int] = set()
    for step in steps:
        if isinstance(step, Operation) and step.verb == "join" and step.actor not in pending:
            continue
        pending.discard(step.actor)
        if isinstance(step, Operation) and step.pending:
            pending.add(step.actor)
        yield step


def _candidates(program: Program) -> Iterator[Steps]:
    steps = program.steps
    length = len(steps)
    chunk = length // 2
    while chunk >= 1:
        for start in range(length - chunk, -1, -chunk):  # from the end: what follows a failure goes first
            yield steps[:start] + steps[start + chunk :]
        chunk //= 2
    for first in range(length):  # two that need each other, such as a pending call and its join
        for second in range(first + 1, length):
            yield steps[:first] + steps[first + 1 : second] + steps[second + 1 :]
    yield from _for_longer_timeouts(steps)
    yield from _for_fewer_messages(steps)
    yield from _without_one_actor(program)
    yield from _with_one_month_for_two(program)
    for index, step in enumerate(steps):
        for other in _simpler_steps(step):
            yield (*steps[:index], other, *steps[index + 1 :])
    yield from _with_earlier_months(program)


def _for_longer_timeouts(steps: Steps) -> Iterator[Steps]:
    """One is taken away that perhaps only made the next call quick, which a timeout of a millisecond takes."""
    longer = tuple(
        msgspec.structs.replace(step, timeout_ms=SURE_TIMEOUT_MS)
        if isinstance(step, Operation) and 0 < step.timeout_ms < SURE_TIMEOUT_MS
        else step
        for step in steps
    )
    if longer != steps:
        yield from (longer[:i] + longer[i + 1 :] for i in range(len(steps)))


def _for_fewer_messages(steps: Steps) -> Iterator[Steps]:
    """One is taken away, and a fault that counted its messages strikes sooner."""
    for place, fault in enumerate(steps):
        if isinstance(fault, Fault):
            for message in sorted({0, fault.message - 1} & {*range(fault.message)}):
                sooner = msgspec.structs.replace(fault, message=message)
                others = (*steps[:place], sooner, *steps[place + 1 :])
                yield from (others[:i] + others[i + 1 :] for i in range(len(steps)) if i != place)


def _for_fewer_moves(choices: Choices) -> Iterator[Choices]:
    """With some taken away, as many as a step can have had, and the others as they are or for fewer actors.

    Where they are few, any with up to two switches.
    """
    if len(choices) <= FEW_CHOICES:
        yield from _few_switches(len(choices))
    for kept in dict.fromkeys((choices, tuple(min(1, choice) for choice in choices))):
        yield kept
        yield from _shorter(kept, MOVES_OF_A_STEP)
        for shorter in _shorter(kept, 1):
            yield from _shorter(shorter, 1)


def _shorter(choices: Choices, most: int) -> Iterator[Choices]:
    """Up to so many are taken away from several alike that follow each other, of which it does not matter which."""
    end = 0
    for _, alike in groupby(choices):
        length = len([*alike])
        end += length
        for gone in range(1, min(most, length) + 1):
            yield choices[: end - gone] + choices[end:]


def _simpler_choices(choices: Choices) -> Iterator[Choices]:
    """Fewer switches, the later ones first; then earlier ones; then to actors who come sooner in line."""
    half = len(choices) // 2
    yield choices[:half]
    switches = [index for index, choice in enumerate(choices) if choice]
    for index in reversed(switches):
        yield choices[:index]
        yield (*choices[:index], 0, *choices[index + 1 :])
    for first, second in combinations(switches, 2):
        without = [*choices]
        without[first] = without[second] = 0
        yield tuple(without)
    if len(choices) > MANY_CHOICES and len(switches) > ENOUGH_SWITCHES:
        yield from _few_switches(len(choices))
    yield from _shorter(choices, 1)
    for index in switches:
        if choices[index] > 1:
            yield (*choices[:index], choices[index] - 1, *choices[index + 1 :])


def _few_switches(length: int) -> Iterator[Choices]:
    """Those with one, then those with two, whatever the ones at hand are like.

    Most faults need few (M. Musuvathi, S. Qadeer, Iterative context bounding, 2007), but not always some of those that
    happened to be found.
    """
    for first in range(length):
        yield (*(0,) * first, 1)
    for second in range(1, length):
        for first in range(second):
            yield (*(int(index == first) for index in range(second)), 1)


def _without_one_actor(program: Program) -> Iterator[Steps]:
    for actor in range(program.actors):
        for other in range(program.actors):
            if other != actor:
                steps = [
                    msgspec.structs.replace(s, actor=other) if s.actor == actor else s for s in program.steps
                ]
                yield tuple(steps)


def _with_one_month_for_two(program: Program) -> Iterator[Steps]:
    for month in program.months[1:]:
        yield tuple(_moved(step, month, program.months[0]) for step in program.steps)


def _with_earlier_months(program: Program) -> Iterator[Steps]:
    first_year = min((month.year for month in program.months), default=0)
    for month in program.months:
        for number in range(1, len(program.months) + 1):
            earlier = Month(first_year, number)
            if earlier < month and earlier not in program.months:
                yield tuple(_moved(step, month, earlier) for step in program.steps)


def _moved(step: Step, old: Month, new: Month) -> Step:
    if isinstance(step, Operation) and step.month == old:
        return msgspec.structs.replace(step, month=new)
    return step


def _simpler_steps(step: Step) -> Iterator[Step]:
    if isinstance(step, Fault):
        if step.message:
            yield msgspec.structs.replace(step, message=step.message - 1)
        if step.at_ms:
            yield msgspec.structs.replace(step, at_ms=0)
            yield msgspec.structs.replace(step, at_ms=step.at_ms // 2)
        return
    if step.pause_us:
        yield msgspec.structs.replace(step, pause_us=0)
    if step.verb == "hold":
        yield msgspec.structs.replace(step, verb="acquire", raises=False)
    if step.pending:
        yield msgspec.structs.replace(step, pending=False)
    if step.raises:
        yield msgspec.structs.replace(step, raises=False)
    for timeout_ms in SIMPLER_TIMEOUTS_MS:
        if timeout_ms < step.timeout_ms:
            yield msgspec.structs.replace(step, timeout_ms=timeout_ms)
