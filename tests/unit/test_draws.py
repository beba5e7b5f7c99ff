"""Drawn programs: they always run to their end, and most of their steps are meaningful."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lock_harness.core.contract import Contract
from lock_harness.core.fault import Fault
from lock_harness.core.program import Mode, Month, Operation, Program, Step
from lock_harness.core.schedule import Pct
from lock_harness.core.verdict import Bounds
from lock_harness.programs.draw import Draw
from lock_harness.programs.draws import confusable_months, programs
from lock_harness.programs.draws.digits import LARGEST_NUMBER
from lock_harness.programs.draws.gate import LONG_TIMEOUT_MS, pct_guarantee
from lock_harness.programs.draws.lockstep import LONG_WAIT_MS, decode
from lock_harness.programs.draws.planned import CRASH_US
from lock_harness.programs.draws.race import decode as decode_race
from lock_harness.programs.equipment import equipment

WEIGHTS = {
    "acquire": 6,
    "wait": 3,
    "release": 5,
    "hold": 2,
    "is_locked": 2,
    "list": 1,
    "reopen": 1,
    "crash": 1,
}
EVERYTHING = Draw(WEIGHTS)
MONTHS = confusable_months(2090)
VERBS = frozenset({"acquire", "release", "hold", "is_locked", "list"})
ANY = programs(EVERYTHING, (2090, 2091), VERBS)


@given(ANY)
def test_programs_stay_within_the_ranges_of_their_draw(program: Program) -> None:
    assert 2 <= program.actors <= 5
    assert 1 <= len(program.months) <= 4
    assert all(0 <= step.actor < program.actors for step in program.steps)
    assert all(step.month in (None, *program.months) for step in program.steps if isinstance(step, Operation))
    assert sum(isinstance(step, Fault) for step in program.steps) <= EVERYTHING.faults


@given(ANY)
def test_an_actor_with_a_pending_acquire_takes_no_step_until_the_acquire_ends(program: Program) -> None:
    waiting: set[int] = set()
    for step in program.steps:
        if isinstance(step, Fault) or step.verb == "join":
            waiting.discard(step.actor)
            continue
        assert step.actor not in waiting
        if step.pending:
            waiting.add(step.actor)


@given(ANY)
def test_an_actor_never_waits_long_for_an_actor_that_waits(program: Program) -> None:
    """Two actors cannot wait for each other until their long timeouts expire."""
    waiting: dict[int, Month | None] = {}
    # the holder, and once more for each time that it acquired the month
    held: dict[Month | None, list[int]] = {}
    for step in program.steps:
        if isinstance(step, Fault) or step.verb == "reopen":
            waiting.pop(step.actor, None)
            held = {month: takers for month, takers in held.items() if step.actor not in takers}
        elif step.pending:
            if step.timeout_ms == LONG_WAIT_MS:
                assert not waiting.keys() & set(held.get(step.month, ()))
            waiting[step.actor] = step.month
        elif step.verb == "join":
            held.setdefault(waiting.pop(step.actor), [step.actor, step.actor])
        elif step.verb == "acquire" and step.actor in held.setdefault(step.month, [step.actor]):
            held[step.month].append(step.actor)
        elif step.verb == "release" and step.actor in held.get(step.month, ()):
            held[step.month].pop()
            # the first entry only names the holder
            if len(held[step.month]) == 1:
                del held[step.month]


@given(st.lists(st.integers(0, LARGEST_NUMBER), max_size=20), st.integers(2, 5))
def test_the_same_drawn_numbers_give_the_same_program(numbers: list[int], actors: int) -> None:
    months = confusable_months(2090)[:3]
    first, second = (
        decode(EVERYTHING, weights=WEIGHTS, actors=actors, months=months, numbers=numbers) for _ in range(2)
    )
    assert first == second


@given(programs(EVERYTHING, (2094, 2095), frozenset({"acquire", "release"})))
def test_only_verbs_that_the_lock_has_are_drawn(program: Program) -> None:
    verbs = {step.verb for step in program.steps if isinstance(step, Operation)}
    assert verbs <= {"acquire", "release", "reopen", "join"}


def test_adjacent_months_of_the_ring_collide_under_the_usual_wrong_keys() -> None:
    ring = confusable_months(2090)
    adjacent = {frozenset(pair) for pair in zip(ring, (*ring[1:], ring[0]), strict=True)}
    assert frozenset({Month(2090, 12), Month(2091, 2)}) in adjacent  # alike as year * 10 + month
    assert frozenset({Month(2090, 1), Month(2091, 1)}) in adjacent  # alike without the year
    assert frozenset({Month(2091, 1), Month(2090, 12)}) in adjacent  # December and January
    assert frozenset({Month(2091, 1), Month(2090, 2)}) in adjacent  # alike as year + month
    assert all(len({*(ring * 2)[turn : turn + 4]}) == 4 for turn in range(len(ring)))


def test_most_releases_and_waits_are_for_a_held_month() -> None:
    """Most releases are of a month that the actor holds, and most waits for a month that another actor holds."""
    seen: Counter[str] = Counter()

    @settings(max_examples=300, database=None, derandomize=True)
    @given(ANY)
    def count(program: Program) -> None:
        held: Counter[tuple[int, Month]] = Counter()
        for step in program.steps:
            if isinstance(step, Operation) and step.month:
                if step.verb == "release":
                    seen["release"] += 1
                    seen["of held"] += held[step.actor, step.month] > 0
                if step.verb == "acquire" and step.pending:
                    seen["wait"] += 1
                    others = [actor for (actor, month), n in held.items() if month == step.month and n]
                    seen["for held"] += any(actor != step.actor for actor in others)
                held[step.actor, step.month] += {"acquire": 1, "release": -1}.get(step.verb, 0)

    count()
    assert seen["wait"] > 20
    assert seen["of held"] > seen["release"] * 0.6
    assert seen["for held"] > seen["wait"] * 0.9


RACE = Draw(
    {"round": 6, "acquire": 2, "release": 2, "hold": 1, "reopen": 1, "crash": 2, "pause": 2, "terminate": 2},
    mode="race",
)


@given(programs(RACE, (2090, 2091), VERBS))
def test_in_a_race_only_rounds_wait_long_since_their_holders_release_at_once(program: Program) -> None:
    """Two actors that want two months each cannot wait for each other until their timeouts expire."""
    assert program.mode == "race"
    assert sum(isinstance(step, Fault) for step in program.steps) <= RACE.faults
    for actor in range(program.actors):
        own = [step for step in program.steps if isinstance(step, Operation) and step.actor == actor]
        for step, after, last in zip(own, own[1:], own[2:], strict=False):
            if step.verb == "acquire" and step.timeout_ms > 50:
                assert (after.verb, last.verb) == ("count", "release")
                assert step.month == after.month == last.month


def test_a_kind_of_step_of_another_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="'wait' is not a kind of step in mode 'race'"):
        Draw({"wait": 1}, mode="race")
    with pytest.raises(ValueError, match="'round' is not a kind of step in mode 'lockstep'"):
        Draw({"round": 1})


def test_a_lasting_fault_outside_of_a_race_is_refused() -> None:
    with pytest.raises(ValueError, match="step 0: only a race can have a 'pause'"):
        Program(1, (), (Fault(0, "pause"),))


def test_a_race_can_have_many_months_and_rounds() -> None:
    draw = Draw({"round": 1}, mode="race", months=(9, 24), rounds=(2, 5))

    @settings(max_examples=30, database=None)
    @given(programs(draw, (2090, 2091), VERBS))
    def check(program: Program) -> None:
        assert 9 <= len(set(program.months)) == len(program.months) <= 24
        assert {month.year for month in program.months} == {2090, 2091}
        assert 2 <= program.rounds <= 5
        assert program.total_steps == program.rounds * len(program.steps)

    check()


def test_rounds_outside_of_a_race_and_more_than_24_months_are_refused() -> None:
    with pytest.raises(ValueError, match="only a race can have rounds"):
        Draw({"acquire": 1}, rounds=(2, 2))
    with pytest.raises(ValueError, match="at most 24"):
        Draw({"acquire": 1}, months=(1, 25))
    with pytest.raises(ValueError, match=r"rounds must be 1 .*, not 2"):
        Program(1, (), (), rounds=2)
    with pytest.raises(ValueError, match=r"rounds must be 1 .*, not 0"):
        Program(1, (), (), "race", rounds=0)


# At planned times

DEADLINES = Draw({"deadline": 1}, mode="race", steps=(8, 24))


@given(programs(DEADLINES, (2090, 2091), VERBS))
def test_a_deadline_frees_a_month_within_a_millisecond_of_the_end_of_a_timeout(program: Program) -> None:
    for _, waits, frees, _ in batched_steps(program, 4):
        assert isinstance(waits, Operation)
        freed_us = frees.at_ms * 1000 + CRASH_US if isinstance(frees, Fault) else frees.at_us
        assert abs(freed_us - (waits.at_us + waits.timeout_ms * 1000)) <= 1000


@given(programs(DEADLINES, (2090, 2091), VERBS))
def test_planned_times_never_use_an_actor_or_a_month_twice_at_once(program: Program) -> None:
    free_us: Counter[object] = Counter()
    for takes, waits, _, last in batched_steps(program, 4):
        assert isinstance(takes, Operation)
        assert isinstance(last, Operation)
        assert takes.actor != waits.actor
        assert takes.at_us >= max(free_us[takes.actor], free_us[waits.actor], free_us[takes.month])
        free_us |= dict.fromkeys([takes.actor, waits.actor, takes.month], last.at_us)


def batched_steps(program: Program, size: int) -> list[tuple[Step, ...]]:
    return [program.steps[start : start + size] for start in range(0, len(program.steps), size)]


def test_deadlines_of_several_actors_and_months_overlap() -> None:
    numbers = [*range(1000, 1012)]
    steps = decode_race(
        DEADLINES, weights=DEADLINES.weights, actors=6, months=MONTHS[:3], numbers=numbers
    ).steps
    last_us = max(step.at_us for step in steps if isinstance(step, Operation))
    timeouts_us = sum(
        step.timeout_ms * 1000 for step in steps if step.actor >= 0 and isinstance(step, Operation)
    )
    assert last_us < timeouts_us / 2


LONG = Draw({"long": 1, "long_body": 1}, mode="race", steps=(1, 4))


@pytest.mark.parametrize("lease_ms", [None, 1000, 20_000])
def test_a_long_hold_outlasts_the_release_bound_and_the_lease_while_another_actor_waits(
    lease_ms: int | None,
) -> None:
    contract = Contract(lease_ms=lease_ms)

    @settings(max_examples=30, database=None)
    @given(programs(LONG, (2090, 2091), VERBS, contract))
    def check(program: Program) -> None:
        holds = [step for step in program.steps if isinstance(step, Operation) and step.verb == "hold"]
        waits = [step for step in program.steps if isinstance(step, Operation) and step.timeout_ms]
        longest_ms = max(contract.bounds(Bounds()).release_ms, lease_ms or 0)
        assert all(step.pause_us > longest_ms * 1000 for step in holds)
        assert all(step.timeout_ms > longest_ms for step in waits)

    check()


def test_a_long_body_is_drawn_only_for_a_lock_that_has_hold() -> None:
    @settings(max_examples=30, database=None)
    @given(programs(LONG, (2090, 2091), frozenset({"acquire", "release"})))
    def check(program: Program) -> None:
        assert {step.verb for step in program.steps if isinstance(step, Operation)} == {"acquire", "release"}

    check()


def test_a_deadline_needs_two_actors() -> None:
    with pytest.raises(ValueError, match="'deadline' needs 2 actors or more, not 1"):
        Draw({"deadline": 1}, mode="race", actors=(1, 3))


def test_a_planned_time_outside_of_a_race_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at_us must be 0 \(in a race 0 or more\), not 5"):
        Program(1, (), (Operation(0, "list", at_us=5),))


# At the gate

GATED = Draw({"round": 2, "acquire": 3, "release": 2, "is_locked": 1}, mode="gate")


@given(programs(GATED, (2090, 2091), VERBS))
def test_programs_for_the_gate_have_no_pauses_and_no_short_timeouts(program: Program) -> None:
    steps = [step for step in program.steps if isinstance(step, Operation)]
    assert len(steps) == len(program.steps)
    assert {step.timeout_ms for step in steps} <= {0, LONG_TIMEOUT_MS}
    assert not any(step.pause_us for step in steps)


@given(programs(replace(GATED, scheduler="pct"), (2090, 2091), VERBS))
def test_the_length_of_pct_covers_the_program(program: Program) -> None:
    assert isinstance(program.scheduler, Pct)
    assert program.scheduler.length >= 2 * len(program.steps)
    assert 0 < program.scheduler.bound(program.actors) <= 0.5


def test_the_guarantee_of_pct_is_that_of_the_largest_program() -> None:
    draw = Draw({"acquire": 1}, mode="gate", scheduler="pct", actors=(2, 3), steps=(1, 4), depth=2)
    guarantee = pct_guarantee(draw, moves=10)
    assert guarantee is not None
    assert guarantee.pct.bound(guarantee.actors) == pytest.approx(1 / (3 * 12))
    assert pct_guarantee(GATED, moves=10) is None


@pytest.mark.parametrize("mode", ["lockstep", "race", "gate"])
@given(data=st.data())
@settings(max_examples=5)
def test_a_program_and_its_equipment_have_the_settings_of_the_draw(mode: Mode, data: st.DataObject) -> None:
    draw = Draw({"acquire": 1}, mode=mode, settings={"statement_timeout": "1s", "lock_timeout": "900ms"})
    program = data.draw(programs(draw, (2090, 2091), frozenset()))
    assert program.settings == (("statement_timeout", "1s"), ("lock_timeout", "900ms"))
    assert equipment(draw).settings == equipment(program).settings == program.settings


def test_settings_are_texts_by_name() -> None:
    with pytest.raises(ValueError, match="settings must be"):
        Draw({"acquire": 1}, settings={"statement_timeout": 1})  # type: ignore[dict-item]
