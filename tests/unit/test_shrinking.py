"""Shrinking, tested with failures whose smallest program is known."""

from collections.abc import Callable
from itertools import islice

import msgspec
import pytest
from hypothesis import given, settings

from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program
from lock_harness.exploration.reduction import SHRINK_RUNS
from lock_harness.exploration.retries import CONFIRMATIONS
from lock_harness.programs.draw import Draw
from lock_harness.programs.draws import programs
from lock_harness.programs.shrinking import shrink, simpler, size, tidy

ANY = programs(
    Draw({"acquire": 6, "wait": 3, "release": 5, "hold": 2, "crash": 2}, steps=(4, 16)),
    (2090, 2091),
    frozenset({"acquire", "release", "hold"}),
)

GATED = programs(
    Draw({"acquire": 4, "round": 2}, mode="gate", steps=(2, 8)),
    (2090, 2091),
    frozenset({"acquire", "release"}),
)


def two_acquires_of_one_month(program: Program) -> bool:
    taken: dict[Month, int] = {}
    for step in program.steps:
        if isinstance(step, Operation) and step.verb == "acquire" and step.month:
            taken.setdefault(step.month, step.actor)
            if taken[step.month] != step.actor:
                return True
    return False


def switches(program: Program) -> int:
    return sum(choice > 0 for choice in program.choices)


def two_months_of_one_actor(program: Program) -> bool:
    pairs = {(s.actor, s.month) for s in program.steps if isinstance(s, Operation) and s.verb == "acquire"}
    return len(pairs) > len({actor for actor, _ in pairs})


def a_crash_of_a_holder(program: Program) -> bool:
    holders = set()
    for step in program.steps:
        if isinstance(step, Fault) and step.actor in holders:
            return True
        if isinstance(step, Operation) and step.verb == "acquire":
            holders.add(step.actor)
    return False


@pytest.mark.parametrize(
    ("fails", "steps", "actors", "months"),
    [
        (two_acquires_of_one_month, 2, 2, 1),
        (two_months_of_one_actor, 2, 1, 2),
        (a_crash_of_a_holder, 2, 1, 1),
    ],
)
def test_shrinking_finds_the_smallest_failing_program(
    fails: Callable[[Program], bool], steps: int, actors: int, months: int
) -> None:
    @settings(max_examples=60, deadline=None, database=None)
    @given(ANY.filter(fails))
    def check(program: Program) -> None:
        smallest = shrink(program, fails)
        assert fails(smallest)
        assert (len(smallest.steps), smallest.actors, len(smallest.months)) == (steps, actors, months)
        assert not any(
            step.pending or step.timeout_ms for step in smallest.steps if isinstance(step, Operation)
        )

    check()


@settings(max_examples=60, deadline=None, database=None)
@given(GATED.filter(lambda program: switches(program) >= 2))
def test_shrinking_finds_the_fewest_context_switches(program: Program) -> None:
    smallest = shrink(program, lambda candidate: switches(candidate) >= 2)
    assert smallest.choices == (1, 1)


@settings(deadline=None)
@given(ANY | GATED)
def test_every_candidate_is_tidy_and_smaller_than_its_program(program: Program) -> None:
    for candidate in simpler(program):
        assert size(candidate) < size(program)
        assert candidate == tidy(candidate)


def test_a_step_is_deleted_together_with_the_choice_of_its_move() -> None:
    """The first step is the only move of an actor that the failure does not need; without it each choice has fewer options."""
    jan = Month(2090, 1)
    steps = (Operation(0, "release", jan), Operation(1, "acquire", jan), Operation(2, "acquire", jan))

    def fails(candidate: Program) -> bool:
        wanted = [(1, 2, 0, 1)] if len(candidate.steps) == 3 else [(0, 1, 0, 1), (1, 1, 0, 1)]
        takers = {s.actor for s in candidate.steps if isinstance(s, Operation) and s.verb == "acquire"}
        return len(takers) == 2 and candidate.choices in wanted

    smallest = shrink(Program(3, (jan,), steps, "gate", choices=(1, 2, 0, 1)), fails)
    assert (len(smallest.steps), smallest.actors, switches(smallest)) == (2, 2, 2)


def test_a_step_is_deleted_together_with_the_choices_of_its_many_moves() -> None:
    """The step sends five messages, so the only context switch comes five moves earlier without it."""
    jan = Month(2090, 1)
    count, acquire = Operation(0, "count", jan), Operation(0, "acquire", jan)

    def fails(candidate: Program) -> bool:
        moves = sum(5 if step == count else 2 for step in candidate.steps if step.actor == 0)
        return acquire in candidate.steps and candidate.choices == (*(0,) * moves, 1)

    steps = (acquire, count, count, Operation(1, "acquire", jan))
    smallest = shrink(Program(2, (jan,), steps, "gate", choices=(*(0,) * 12, 1)), fails)
    assert (smallest.steps, smallest.choices) == ((acquire,), (0, 0, 1))


def test_a_step_is_deleted_if_a_later_fault_hits_an_earlier_message() -> None:
    """The fault counts the message of a step that the failure does not need."""
    jan = Month(2090, 1)
    release, acquire = Operation(0, "release", jan), Operation(0, "acquire", jan)

    def fails(candidate: Program) -> bool:
        """Return whether the reply to the acquire is late."""
        if {Fault, Operation} != {type(step) for step in candidate.steps}:
            return False
        (fault,) = (step for step in candidate.steps if isinstance(step, Fault))
        operations = [step for step in candidate.steps if isinstance(step, Operation)]
        return fault.message < len(operations) and operations[fault.message] == acquire

    steps = (Fault(0, "late", message=2, point="after"), release, release, acquire)
    smallest = shrink(Program(1, (jan,), steps, "gate"), fails)
    assert smallest.steps == (Fault(0, "late", point="after"), acquire)


def test_new_schedules_with_few_switches_are_tried_before_any_step_is_deleted() -> None:
    """A run that does not fail is short, and a step less with the schedule of a longer program mostly does not fail."""
    jan = Month(2090, 1)
    steps = tuple(Operation(actor, "acquire", jan) for actor in (0, 1, 0, 1))
    found = Program(2, (jan,), steps, "gate", choices=(1, 1, 0, 1, 1, 0, 1, 1))
    first = list(islice(simpler(found), 8 + 28))
    assert {switches(one) for one in first} == {1, 2}
    assert {one.choices for one in first} >= {(0, 0, 1), (0, 0, 1, 0, 0, 1)}
    assert {one.steps for one in first} == {steps}


def test_a_timeout_that_the_failure_needs_is_kept() -> None:
    jan = Month(2090, 1)
    program = Program(
        3, (jan,), (Operation(0, "acquire", jan, 200), Operation(2, "acquire", jan, 50, pending=True))
    )

    def fails(candidate: Program) -> bool:
        return any(s.timeout_ms >= 20 and s.actor == 1 for s in candidate.steps if isinstance(s, Operation))

    assert shrink(tidy(program), fails) == Program(
        2, (jan,), (Operation(0, "acquire", jan, 0), Operation(1, "acquire", jan, 20))
    )


def test_a_step_that_only_makes_a_call_fast_enough_is_deleted() -> None:
    """A call with a timeout of a millisecond needs the step before it; a call with a longer timeout does not."""

    def fails(program: Program) -> bool:
        waits = [(n, s.timeout_ms) for n, s in enumerate(program.steps) if isinstance(s, Operation)]
        return any(timeout >= 20 or (timeout and number > 1) for number, timeout in waits)

    steps = tuple(
        Operation(actor, "acquire", Month(2090, 1), timeout) for actor, timeout in ((0, 0), (1, 0), (1, 1))
    )
    smallest = shrink(Program(2, (Month(2090, 1),), steps), fails)
    assert [step.timeout_ms for step in smallest.steps if isinstance(step, Operation)] == [20]


LONG = programs(
    Draw({"acquire": 6, "wait": 3, "release": 5, "hold": 2}, steps=(30, 41), actors=(8, 8)),
    (2090, 2091),
    frozenset({"acquire", "release", "hold"}),
)


@settings(max_examples=30, deadline=None, database=None)
@given(LONG.filter(two_acquires_of_one_month))
def test_a_long_program_is_shrunk_within_the_runs_that_a_slow_example_gets(program: Program) -> None:
    """A candidate that fails is run once more to confirm it."""
    runs = 0

    def fails(candidate: Program) -> bool | None:
        nonlocal runs
        failed = two_acquires_of_one_month(candidate)
        runs += CONFIRMATIONS if failed else 1
        return failed if runs <= SHRINK_RUNS else None

    assert len(shrink(program, fails).steps) == 2


def test_tidy_drops_a_join_without_a_pending_operation() -> None:
    jan = Month(2090, 1)
    wait = Operation(1, "acquire", jan, 2000, pending=True)
    join = Operation(1, "join")
    take = Operation(0, "acquire", jan)
    assert tidy(Program(2, (jan,), (take, join, wait, join, join))).steps == (take, wait, join)


def test_shrinking_stops_at_once_when_the_outcome_is_none() -> None:
    jan = Month(2090, 1)
    long = Program(
        2, (jan,), tuple(Operation(n % 2, "acquire", jan) for n in range(2000)), "race", rounds=100
    )
    asked = []

    def fails(program: Program) -> bool | None:
        asked.append(program)
        return None if len(asked) == 3 else len(asked) == 1

    assert shrink(long, fails) == asked[0]
    assert len(asked) == 3


def test_rounds_are_reduced_before_anything_else() -> None:
    jan = Month(2090, 1)
    steps = tuple(Operation(actor, "acquire", jan) for actor in range(3))
    program = Program(3, (jan,), steps, "race", rounds=100)
    assert next(simpler(program)) == msgspec.structs.replace(program, rounds=1)
    assert shrink(program, lambda one: one.rounds * len(one.steps) >= 37).rounds in (37, 13, 19)
    assert shrink(program, lambda one: len(one.steps) >= 2).rounds == 1


def test_planned_times_move_to_the_start_together_and_keep_their_distances() -> None:
    jan = Month(2090, 1)
    late = Program(
        actors=2,
        months=(jan,),
        steps=(
            Operation(0, "acquire", jan, at_us=42_000),
            Operation(1, "acquire", jan, 5, at_us=46_100),
            Fault(0, at_ms=50),
        ),
        mode="race",
    )

    def distances_matter(program: Program) -> bool:
        times = times_us(program)
        return len(program.steps) == 3 and times[1] - times[0] == 4100

    def times_us(program: Program) -> list[int]:
        return [step.at_us for step in program.steps if isinstance(step, Operation)]

    assert times_us(shrink(late, distances_matter)) == [0, 4100]
