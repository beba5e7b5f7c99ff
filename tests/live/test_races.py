"""Races: rounds, and many actors."""

from collections.abc import Iterator
from itertools import product

import pytest

from lock_harness.core.errors import UserError
from lock_harness.core.fault import Fault
from lock_harness.core.history import Event, History
from lock_harness.core.program import Month, Operation, Program, Verb
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import Arena, open_arena
from lock_harness.execution.program_run import ProgramRun
from lock_harness.exploration.executor import run
from lock_harness.locks.loading import LockSpec
from lock_harness.servers.server import Server

MANY = 64
ROUND: tuple[Verb, ...] = ("acquire", "count", "release")
ROUNDS = 25


@pytest.fixture
def arena(lock_server: Server) -> Iterator[Arena]:
    with open_arena(lock_server, LockSpec(), Bounds()) as opened:
        yield opened


def race(arena: Arena, actors: int, rounds: int, *faults: Fault) -> Program:
    """Return a race in which all actors acquire, count and release, on a few months."""
    months = [Month(arena.years.first, number) for number in range(1, 5)]
    steps = [
        Operation(actor, verb, months[actor % len(months)], timeout_ms=60_000 if verb == "acquire" else 0)
        for actor, verb in product(range(actors), ROUND)
    ]
    return Program(actors, tuple(months), (*faults, *steps), "race", rounds=rounds)


def taken(history: History, program: Program) -> list[Event]:
    """Return the invocations of the program's steps."""
    return [
        event for event in history.events if event.kind == "invoke" and event.number < program.total_steps
    ]


def test_a_race_takes_every_step_in_every_round(arena: Arena) -> None:
    program = race(arena, 3, ROUNDS)
    example = run(program, arena)
    assert example.status == "holds"
    calls = taken(example.history, program)
    assert sorted(call.number for call in calls) == [*range(program.total_steps)]
    for call in calls:
        step = program.steps[call.number % len(program.steps)]
        assert isinstance(step, Operation)
        assert (call.actor, call.verb, call.month) == (step.actor, step.verb, step.month)
    for actor in range(3):
        numbers = [call.number for call in calls if call.actor == actor]
        assert numbers == sorted(numbers)


def test_the_replacement_of_a_killed_actor_continues_within_the_round(arena: Arena) -> None:
    program = race(arena, 3, 40 * ROUNDS, Fault(1, "kill", at_ms=20))
    example = run(program, arena)
    assert example.status == "holds"
    numbers = [(call.incarnation, call.number) for call in taken(example.history, program) if call.actor == 1]
    assert numbers == sorted(numbers)
    assert len({number for _, number in numbers}) == len(numbers)
    assert {incarnation for incarnation, _ in numbers} == {0, 1}
    assert numbers[-1][1] >= program.total_steps - len(program.steps)


def test_each_release_at_the_end_of_a_race_has_a_number_of_its_own(arena: Arena) -> None:
    month = Month(arena.years.first, 1)
    program = Program(1, (month,), (Operation(0, "acquire", month),), "race", rounds=3)
    example = run(program, arena)
    assert example.status == "holds"
    releases = [e.number for e in example.history.events if (e.kind, e.verb) == ("invoke", "release")]
    assert len(set(releases)) >= 3
    assert min(releases) >= program.total_steps


def test_two_incarnations_of_an_actor_share_no_number(arena: Arena) -> None:
    month = Month(arena.years.first, 1)
    acquire = Operation(0, "acquire", month)
    # the first incarnation opens a session again, and so does the last one, after steps of the program
    program = Program(1, (month,), (acquire, Fault(0, "terminate"), acquire, Fault(0, "kill"), acquire))
    example = run(program, arena)
    assert example.status == "holds"
    calls = [(e.incarnation, e.number) for e in example.history.events if e.kind == "invoke"]
    assert len({incarnation for incarnation, number in calls if number >= program.total_steps}) > 1
    assert len({number for _, number in calls}) == len(calls)


def test_journals_do_not_grow_from_one_race_of_many_actors_to_the_next(arena: Arena) -> None:
    program = race(arena, MANY, ROUNDS)
    sizes = []
    for _ in range(3):
        history = ProgramRun(program, arena).run()
        assert history.gave_up_ns is None
        assert {event.actor for event in taken(history, program)} == {*range(MANY)}
        assert [audit.locks for audit in history.audits] == [()]
        sizes.append(sum(path.stat().st_size for path in arena.pool.directory.glob("*.journal")))
    assert len(set(sizes)) == 1


def test_a_program_that_is_too_large_for_a_message_is_a_user_error(arena: Arena) -> None:
    month = Month(arena.years.first, 1)
    steps = tuple(Operation(0, "is_locked", month) for _ in range(10_000))
    with pytest.raises(
        UserError, match=r"a message of [\d,]+ bytes, but a message has at most 212,992: use fewer"
    ):
        run(Program(1, (month,), steps), arena)
