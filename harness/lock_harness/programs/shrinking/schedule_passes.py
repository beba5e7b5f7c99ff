"""Passes that change the order in which actors move at the gate: the choices of a program.

A choice of 0 lets the actor that moved last continue; any other choice is a context switch.  So a simpler schedule
has fewer and earlier switches, and fewer and smaller choices.
"""

from collections.abc import Iterator
from itertools import combinations, groupby

from lock_harness.core.program import Program
from lock_harness.programs.shrinking.tidying import Choices, tidy

FEW_SWITCHES = 2
MAX_VERY_SHORT, MAX_SHORT = 8, 24
"""Lengths of schedules.  A very short one has at most 36 others with few switches, a short one at most 300."""
MAX_MOVES_OF_A_STEP = 6
"""The most choices that are deleted together with a step.  A transaction that counts and commits takes six moves."""


def count_switches(choices: Choices) -> int:
    """Return how often another actor moves although the last one could continue."""
    return sum(choice > 0 for choice in choices)


def try_few_switches_if_short(program: Program) -> Iterator[Program]:
    """For a short schedule with many switches, propose every schedule with one or two.

    This pass runs early: most of its candidates do not fail, and such a run takes little time.
    """
    if len(program.choices) <= MAX_SHORT and count_switches(program.choices) > FEW_SWITCHES:
        yield from _with_few_switches(program)


def try_few_switches_if_long(program: Program) -> Iterator[Program]:
    """The same for a long schedule, after the passes that only remove switches."""
    if len(program.choices) > MAX_SHORT and count_switches(program.choices) > FEW_SWITCHES:
        yield from _with_few_switches(program)


def delete_the_second_half(program: Program) -> Iterator[Program]:
    """Delete the second half of the choices."""
    yield tidy(program, choices=program.choices[: len(program.choices) // 2])


def remove_one_switch(program: Program) -> Iterator[Program]:
    """Remove one switch, the last one first: with all that follows it, then alone."""
    choices = program.choices
    for index in reversed(_switches(choices)):
        yield tidy(program, choices=choices[:index])
        yield tidy(program, choices=_with_choice(choices, index, 0))


def remove_two_switches(program: Program) -> Iterator[Program]:
    """Remove any two switches, for a switch to an actor that is needed only with the switch back."""
    for first, second in combinations(_switches(program.choices), 2):
        yield tidy(program, choices=_with_choice(_with_choice(program.choices, first, 0), second, 0))


def delete_one_choice(program: Program) -> Iterator[Program]:
    """Delete one choice, so that all later switches happen one move earlier."""
    for choices in _with_shorter_runs(program.choices, 1):
        yield tidy(program, choices=choices)


def lower_one_choice(program: Program) -> Iterator[Program]:
    """Lower one choice, so that an actor moves that stands earlier in line."""
    for index in _switches(program.choices):
        if program.choices[index] > 1:
            yield tidy(program, choices=_with_choice(program.choices, index, program.choices[index] - 1))


def delete_one_step_and_its_choices(program: Program) -> Iterator[Program]:
    """Delete one step and the choices of its moves.

    Which choices are those of the step is not known here, so several guesses are proposed.
    """
    for index in range(len(program.steps)):
        fewer = program.steps[:index] + program.steps[index + 1 :]
        for choices in _for_fewer_moves(program.choices):
            yield tidy(program, steps=fewer, choices=choices)


def _for_fewer_moves(choices: Choices) -> Iterator[Choices]:
    """Generate guesses of the schedule of a program that has one step less.

    Some choices are deleted, as many as a step may have.  The others stay as they are, or become 1 if they are larger, in
    case that the step was the only one of its actor.  For a very short schedule, every one with few switches is tried too.
    """
    if len(choices) <= MAX_VERY_SHORT:
        yield from _few_switches(len(choices))
    for kept in dict.fromkeys((choices, tuple(min(1, choice) for choice in choices))):
        yield kept
        yield from _with_shorter_runs(kept, MAX_MOVES_OF_A_STEP)
        for shorter in _with_shorter_runs(kept, 1):
            yield from _with_shorter_runs(shorter, 1)


def _with_shorter_runs(choices: Choices, most: int) -> Iterator[Choices]:
    """Shorten one run of equal choices by one up to `most`.  Which of the equal ones are deleted makes no difference."""
    end = 0
    for _, run in groupby(choices):
        length = len([*run])
        end += length
        for deleted in range(1, min(most, length) + 1):
            yield choices[: end - deleted] + choices[end:]


def _with_few_switches(program: Program) -> Iterator[Program]:
    for choices in _few_switches(len(program.choices)):
        yield tidy(program, choices=choices)


def _few_switches(length: int) -> Iterator[Choices]:
    """Generate the schedules with one switch, then those with two, within `length` choices.

    Most concurrency faults need few switches (M. Musuvathi, S. Qadeer, Iterative context bounding, 2007), but these need
    not be among the switches of the failure that was found.
    """
    for first in range(length):
        yield (*(0,) * first, 1)
    for second in range(1, length):
        for first in range(second):
            yield (*(int(index == first) for index in range(second)), 1)


def _switches(choices: Choices) -> list[int]:
    """Return the places of the context switches."""
    return [index for index, choice in enumerate(choices) if choice]


def _with_choice(choices: Choices, index: int, choice: int) -> Choices:
    return (*choices[:index], choice, *choices[index + 1 :])
