"""Programs that differ only by renaming are equal in their canonical form; a longer program may contain a shorter one."""

import random
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.programs.draw import Draw
from lock_harness.programs.draws import programs
from lock_harness.programs.renaming import canonical, contains, finding_id
from lock_harness.programs.steps import acquire, at_gate, crash, hold, program, release

JAN, FEB, MAR = Month(2090, 1), Month(2090, 2), Month(2090, 3)
VERBS = frozenset({"acquire", "release", "hold"})
DRAWS = (
    Draw({"acquire": 5, "release": 4, "wait": 2, "hold": 1, "crash": 1}),
    Draw({"acquire": 5, "round": 4, "crash": 1}, mode="race"),
    Draw({"acquire": 5, "round": 4, "crash": 1}, mode="gate", actors=(2, 3)),
)
ANY_PROGRAM = st.one_of([programs(draw, (2090, 2091), VERBS) for draw in DRAWS])


def renamed(whole: Program, seed: int) -> Program:
    """Return the program with other actors and other months, which never loses a step."""
    chooser = random.Random(seed)
    actors = chooser.sample(range(whole.actors), whole.actors)
    years = chooser.sample(range(2000, 2090), len(whole.months))
    months = dict(zip(whole.months, (Month(year, chooser.randint(1, 12)) for year in years), strict=True))

    def step(one: Step) -> Step:
        if isinstance(one, Operation) and one.month:
            return msgspec.structs.replace(one, actor=actors[one.actor], month=months[one.month])
        return msgspec.structs.replace(one, actor=actors[one.actor])

    return msgspec.structs.replace(
        whole, months=tuple(months.values()), steps=tuple(step(one) for one in whole.steps)
    )


@given(ANY_PROGRAM, st.integers())
def test_a_renamed_program_has_the_same_canonical_form_and_identity(whole: Program, seed: int) -> None:
    other = renamed(whole, seed)
    assert canonical(other) == canonical(whole)
    assert finding_id(["mutual_exclusion"], other) == finding_id(["mutual_exclusion"], whole)
    assert canonical(canonical(whole)) == canonical(whole)


@given(ANY_PROGRAM, st.integers(), st.data())
def test_a_program_contains_each_part_of_it_under_any_name(
    whole: Program, seed: int, data: st.DataObject
) -> None:
    kept = [step for step in whole.steps if data.draw(st.booleans())]
    part = renamed(msgspec.structs.replace(whole, steps=tuple(kept)), seed)
    assert contains(whole, part)


def test_times_choices_and_the_order_of_actors_at_the_gate_do_not_count() -> None:
    one = msgspec.structs.replace(at_gate(acquire(0, JAN, 20), acquire(1, JAN, 0)), choices=(0, 1))
    other = at_gate(acquire(1, FEB, 0), acquire(0, FEB, 7))
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    "other",
    [
        program(acquire(0, JAN, 0), release(1, JAN)),
        program(acquire(0, JAN, 0), release(0, FEB)),
        program(acquire(0, JAN, 5), release(0, JAN)),
        program(release(0, JAN), acquire(0, JAN, 0)),
        program(acquire(0, JAN, 0), crash(0)),
        at_gate(acquire(0, JAN, 0), release(0, JAN)),
    ],
)
def test_other_programs_have_other_forms_and_identities(other: Program) -> None:
    one = program(acquire(0, JAN, 0), release(0, JAN))
    assert canonical(one) != canonical(other)
    assert finding_id(["a"], one) != finding_id(["a"], other)


def test_the_identity_is_the_same_in_each_process_and_depends_on_the_checks() -> None:
    whole = program(acquire(0, JAN, 0), acquire(1, JAN, 0))
    assert finding_id(["mutual_exclusion"], whole) == "d95579a1"
    assert finding_id(["linearizable", "mutual_exclusion"], whole) == finding_id(
        ("mutual_exclusion", "linearizable"), whole
    )
    assert finding_id(["linearizable"], whole) != finding_id(["mutual_exclusion"], whole)


@pytest.mark.parametrize(
    ("whole", "part", "expected"),
    [
        (program(acquire(0, JAN, 0), acquire(1, JAN, 0)), program(acquire(0, FEB, 9)), True),
        (
            program(acquire(0, JAN, 0), acquire(1, JAN, 0)),
            program(acquire(0, JAN, 0), acquire(1, FEB, 0)),
            False,
        ),
        (program(acquire(0, JAN, 0), release(0, JAN)), program(release(0, JAN), acquire(0, JAN, 0)), False),
        (program(acquire(0, JAN, 0)), program(acquire(0, JAN, 0), acquire(1, JAN, 0)), False),
        (program(hold(0, JAN, 0)), program(hold(0, JAN, 0, raises=True)), False),
        (program(acquire(0, JAN, 0), crash(0)), program(crash(0)), True),
        (program(acquire(0, JAN, 0), crash(1)), program(acquire(0, JAN, 0), crash(0)), False),
    ],
)
def test_what_a_program_contains(whole: Program, part: Program, expected: bool) -> None:
    assert contains(whole, part) == expected


def test_a_search_in_a_very_long_program_ends_soon() -> None:
    months = tuple(Month(2090, number) for number in range(1, 13))
    steps = tuple(acquire(number % 8, months[number % 12], 0) for number in range(10_000))
    whole = Program(8, months, steps, mode="race")
    part = program(*[acquire(actor, months[actor], 0) for actor in range(6)], crash(0))
    began = time.process_time()
    assert not contains(whole, part)
    assert time.process_time() - began < 5
