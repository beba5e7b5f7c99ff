"""The enumeration of all programs of a few steps, compared with a naive one and its equivalences."""

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import chain, islice, pairwise, permutations, product
from typing import NamedTuple

import pytest

from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.programs.all_programs import count, programs, sizes_before
from lock_harness.programs.draw import OPTIONAL_VERBS
from lock_harness.programs.scopes.choice import WAIT_MS, scope_of
from lock_harness.programs.scopes.lockstep import LOOKS

MONTHS = (Month(2090, 1), Month(2091, 1))
KINDS = ("acquire", "wait", "release", "hold", "is_locked", "reopen", "crash", "terminate")
FAULTS = {"kill": "crash", "terminate": "terminate"}


class One(NamedTuple):
    kind: str
    actor: int
    month: int | None = None


Steps = tuple[One, ...]


def as_one(step: Step) -> One:
    if isinstance(step, Fault):
        return One(FAULTS[step.kind], step.actor)
    month = None if step.month is None else MONTHS.index(step.month)
    return One("wait" if step.pending else step.verb, step.actor, month)


def enumerated(kinds: Collection[str], steps: int, *, actors: int = 2, months: int = 1) -> list[Program]:
    scope = scope_of(kinds, OPTIONAL_VERBS, actors=actors, months=months)
    return list(programs(scope, steps, MONTHS[:months]))


def naive(kinds: Collection[str], size: int, *, actors: int, months: int) -> Iterator[Steps]:
    without_month = {"reopen", "crash", "terminate", "list"}
    ones = [
        One(kind, actor, month)
        for kind in kinds
        for actor in range(actors)
        for month in ([None] if kind in without_month else range(months))
    ]
    return product(ones, repeat=size)


# An independent statement of the rules: which programs are equal, and which show no more than a smaller one.


def own_before(steps: Steps, place: int) -> list[One]:
    """Return the steps of the same actor in the session that it has at this place."""
    session: list[One] = []
    for one in steps[:place]:
        if one.actor == steps[place].actor:
            session = [] if one.kind in ("reopen", "crash") else [*session, one]
    return session


def may_wait(steps: Steps, place: int) -> bool:
    before = own_before(steps, place)
    if not before or before[-1].kind != "wait":
        return False
    began = max(number for number in range(place) if steps[number] == before[-1])
    others = {one.actor for one in steps} - {steps[place].actor}
    return any(
        one.kind in ("acquire", "wait", "hold") and one.month == before[-1].month
        for other in others
        for one in own_before((*steps[:began], One("", other)), began)
    )


def is_ended(steps: Steps, place: int) -> bool:
    """Whether a fault has ended the session while the client was between two calls, so that it has not noticed."""
    before = own_before(steps, place)
    if not before or before[-1].kind != "terminate":
        return False
    fault = max(number for number in range(place) if steps[number] == before[-1])
    return not may_wait(steps, fault)


def is_look(steps: Steps, place: int) -> bool:
    return steps[place].kind in LOOKS and not is_ended(steps, place) and not may_wait(steps, place)


def ends_new_session(steps: Steps, place: int) -> bool:
    return steps[place].kind == "terminate" and not own_before(steps, place)


def commute(steps: Steps, place: int) -> bool:
    if is_look(steps, place) and is_look(steps, place + 1):
        return True
    one, other = steps[place], steps[place + 1]
    if one.actor == other.actor:
        return False
    return ends_new_session(steps, place) or ends_new_session(steps, place + 1)


def equal_programs(steps: Steps, actors: int, months: int) -> set[Steps]:
    """Return all programs that are equal up to names and the order of steps that commute."""
    found, new = {steps}, [steps]
    while new:
        one = new.pop()
        for other in (*swapped(one), *renamed(one, actors, months)):
            if other not in found:
                found.add(other)
                new.append(other)
    return found


def swapped(steps: Steps) -> Iterator[Steps]:
    for place in range(len(steps) - 1):
        if commute(steps, place):
            yield (*steps[:place], steps[place + 1], steps[place], *steps[place + 2 :])


def renamed(steps: Steps, actors: int, months: int) -> Iterator[Steps]:
    for names in permutations(range(actors)):
        for numbers in permutations(range(months)):
            yield tuple(
                One(one.kind, names[one.actor], None if one.month is None else numbers[one.month])
                for one in steps
            )


def is_superfluous(steps: Steps, place: int) -> bool:
    """Whether the program shows no more than one without this step."""
    one, before = steps[place], own_before(steps, place)
    if one.kind == "reopen":
        return not before
    if one.kind == "crash":
        return not before or is_ended(steps, place)
    if one.kind == "terminate":
        has_no_more = all(later.actor != one.actor for later in steps[place + 1 :])
        return is_ended(steps, place) or (not before and has_no_more and len(steps) > 1)
    repeated = place > 0 and steps[place - 1] == one
    return repeated and is_look(steps, place - 1) and is_look(steps, place)


def compare(kinds: Collection[str], size: int, *, actors: int = 2, months: int = 1) -> None:
    """Compare the programs of one size with all sequences of steps.

    With looks two programs may be equal, since looks are sorted before all actors and months have their names.
    """
    ours = [tuple(map(as_one, one.steps)) for one in enumerated(kinds, size, actors=actors, months=months)]
    ours = [steps for steps in ours if len(steps) == size]
    assert len(ours) == len(set(ours))
    left = set(ours)
    todo = set(naive(kinds, size, actors=actors, months=months))
    while todo:
        equal = equal_programs(next(iter(todo)), actors, months)
        todo -= equal
        superfluous = any(is_superfluous(steps, place) for steps in equal for place in range(size))
        kept = equal & left
        left -= kept
        if superfluous:
            assert not kept, kept
        else:
            assert kept, sorted(equal)
            assert len(kept) == 1 or set(LOOKS) & set(kinds), kept
    assert not left


@pytest.mark.parametrize("size", [1, 2, 3])
def test_each_program_is_equal_to_one_that_is_run_or_shows_no_more_than_a_smaller_one(size: int) -> None:
    compare(KINDS, size)
    compare([kind for kind in KINDS if kind not in LOOKS], size)


@pytest.mark.parametrize(
    "kinds",
    [
        ("acquire", "crash", "terminate"),
        ("acquire", "wait", "reopen", "terminate"),
        ("acquire", "wait", "is_locked", "terminate"),
        ("acquire", "is_locked", "believes"),
    ],
)
def test_the_same_holds_for_programs_of_4_steps(kinds: Collection[str]) -> None:
    compare(kinds, 4)


def test_the_same_holds_for_three_actors_and_two_months() -> None:
    compare(("acquire", "reopen", "terminate"), 4, actors=3)
    compare(("acquire", "is_locked", "terminate"), 3, months=2)


def test_the_programs_are_in_order_of_size_and_as_many_as_counted() -> None:
    scope = scope_of(KINDS, OPTIONAL_VERBS, actors=2, months=1)
    sizes = [len(one.steps) for one in programs(scope, 3, MONTHS[:1])]
    assert sizes == sorted(sizes)
    assert Counter(sizes) == {size: count(scope, size) for size in (1, 2, 3)}


@pytest.mark.parametrize("first", [0, 1, 5, 6, 7, 75, 76, 77, 500, 1033, 1034, 2000])
def test_an_enumeration_can_begin_anywhere(first: int) -> None:
    scope = scope_of(KINDS, OPTIONAL_VERBS, actors=2, months=1)
    everything = list(programs(scope, 3, MONTHS[:1]))
    assert list(islice(programs(scope, 3, MONTHS[:1], first), 60)) == everything[first : first + 60]


def test_a_number_of_programs_is_divided_by_size() -> None:
    assert sizes_before((6, 70, 958), 0, 50) == (6, 44, 0)
    assert sizes_before((6, 70, 958), 50, 50) == (0, 26, 24)
    assert sizes_before((6, 70, 958), 1000, 34) == (0, 0, 34)
    assert sizes_before((6, 70, 958), 0, 0) == (0, 0, 0)


def test_kinds_that_the_lock_does_not_have_are_left_out() -> None:
    scope = scope_of(
        {"acquire", "hold", "is_locked", "crash"}, {"acquire", "release", "hold"}, actors=2, months=1
    )
    assert scope.kinds == ("acquire", "crash", "hold")


def test_a_program_has_the_months_that_its_steps_use() -> None:
    used = {one.months for one in enumerated({"acquire"}, 2, months=2)}
    assert used == {MONTHS[:1], MONTHS}


def test_a_wait_is_an_acquire_that_stays_pending() -> None:
    (one,) = enumerated({"wait"}, 1)
    assert one == Program(2, MONTHS[:1], (Operation(0, "acquire", MONTHS[0], WAIT_MS, pending=True),))


def test_a_fault_of_the_whole_server_is_injected_through_one_actor() -> None:
    kinds = {"acquire", "restart_fast"}
    faults = [step for one in enumerated(kinds, 3) for step in one.steps if isinstance(step, Fault)]
    assert faults
    assert {fault.actor for fault in faults} == {0}


def test_a_cancellation_needs_an_actor_that_may_wait() -> None:
    cancelled = [
        one for one in enumerated({"acquire", "wait", "cancel"}, 3) if Fault(1, "cancel") in one.steps
    ]
    assert [one.steps[1].actor for one in cancelled] == [1] * len(cancelled)
    assert cancelled


# At the gate


def own_steps(steps: Steps, actors: int) -> tuple[Steps, ...]:
    return tuple(tuple(one for one in steps if one.actor == actor) for actor in range(actors))


@pytest.mark.parametrize(("actors", "months"), [(2, 1), (2, 2), (3, 1)])
def test_at_the_gate_each_program_is_run_once_up_to_names(actors: int, months: int) -> None:
    kinds = ("acquire", "release", "reopen", "terminate")
    scope = scope_of(kinds, OPTIONAL_VERBS, actors=actors, months=months, mode="gate")
    ours = [one for one in programs(scope, 3, MONTHS[:months]) if len(one.steps) == 3]
    left = {own_steps(tuple(map(as_one, one.steps)), actors) for one in ours}
    assert len(left) == len(ours) == count(scope, 3)
    todo = {own_steps(steps, actors) for steps in naive(kinds, 3, actors=actors, months=months)}
    while todo:
        one = next(iter(todo))
        equal = {own_steps(steps, actors) for steps in renamed(tuple(chain(*one)), actors, months)}
        todo -= equal
        first, last = ([own[place].kind for own in one if own] for place in (0, -1))
        after_another = any(two.kind == "reopen" == three.kind for own in one for two, three in pairwise(own))
        superfluous = "reopen" in first or "terminate" in last or after_another
        assert len(equal & left) == (0 if superfluous else 1), equal
        left -= equal
    assert not left


def test_a_program_for_the_gate_has_one_actor_after_the_other_and_no_wait() -> None:
    scope = scope_of({"acquire", "late"}, OPTIONAL_VERBS, actors=2, months=1, mode="gate")
    *_, last = programs(scope, 3, MONTHS[:1])
    assert last.mode == "gate"
    assert last.steps == (
        Fault(0, "late", point="after"),
        Operation(0, "acquire", MONTHS[0]),
        Operation(1, "acquire", MONTHS[0]),
    )
