"""From a recorded race to a program for the gate: literal histories, and what becomes of them."""

import msgspec

from lock_harness.core.fault import Fault
from lock_harness.core.history import History, Move
from lock_harness.core.program import Operation, Program, Step
from lock_harness.core.schedule import Recorded
from lock_harness.core.verdict import Verdict
from lock_harness.programs.draws.gate import LONG_TIMEOUT_MS
from lock_harness.programs.race_to_gate import MAX_STEPS, earliest_evidence, gate_program, recordable
from tests.histories import JAN, MS, Part, acquire, call, fault, history, kill

TWO = (Operation(0, "acquire", JAN, 20), Operation(1, "acquire", JAN, 20))


def move(actor: int, number: int, at: float, text: str = "") -> Move:
    return Move(int(at * MS), actor, number, text, ())


def recorded(moves: list[Move], *parts: Part) -> History:
    return msgspec.structs.replace(history(*parts), moves=tuple(moves))


def race(*steps: Step, rounds: int = 1) -> Program:
    return Program(2, (JAN,), steps, "race", rounds=rounds)


def at_gate(program: Program, given: History, *numbers: int) -> tuple[tuple[Step, ...], Recorded]:
    """The steps and the order that come of it."""
    found = gate_program(program, given, numbers)
    assert found is not None
    assert found.mode == "gate"
    assert isinstance(found.scheduler, Recorded)
    return found.steps, found.scheduler


def test_what_was_said_first_goes_first() -> None:
    moves = [move(1, 1, 0.2, "ask"), move(0, 0, 0.4, "ask"), move(0, 0, 0.6, "take"), move(1, 1, 0.8, "take")]
    steps, order = at_gate(race(*TWO), recorded(moves, acquire(0, 0, True), acquire(1, 0, True)))
    assert order.moves == ((1, 1), (0, 0), (0, 0), (1, 1))
    assert [(step.actor, step.verb) for step in steps if isinstance(step, Operation)] == [
        (0, "acquire"),
        (1, "acquire"),
    ]


def test_no_clock_decides() -> None:
    """Nobody pauses; who got its month may wait for it, and who was refused asks once."""
    paused = msgspec.structs.replace(TWO[0], pause_us=300)
    given = recorded([], acquire(0, 0, True, timeout=20), acquire(1, 0, False, timeout=20, took=20))
    steps, _ = at_gate(race(paused, TWO[1]), given)
    assert steps == (Operation(0, "acquire", JAN, LONG_TIMEOUT_MS), Operation(1, "acquire", JAN, 0))


def test_rounds_become_steps() -> None:
    program = race(TWO[0], Operation(0, "release", JAN), rounds=2)
    parts = [acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), acquire(0, 4, True)]
    steps, order = at_gate(program, recorded([move(0, 2, 4.5, "take")], *parts))
    assert [step.verb for step in steps if isinstance(step, Operation)] == ["acquire", "release", "acquire"]
    assert order.moves == ((0, 2),)


def test_what_came_after_the_proof_is_left_out() -> None:
    program = race(*TWO, Operation(0, "release", JAN))
    moves = [move(0, 0, 0.5, "take"), move(1, 1, 2.5, "take"), move(0, 2, 4.5, "give")]
    parts = [acquire(0, 0, True), acquire(1, 2, True), call(0, "release", JAN, at=4, answer=True)]
    steps, order = at_gate(program, recorded(moves, *parts), 0, 1)
    assert len(steps) == 2
    assert order.moves == ((0, 0), (1, 1))


def test_the_proof_alone_is_a_program_too() -> None:
    program = race(
        Operation(0, "is_locked", JAN), *TWO, Fault(1, "reset", at_ms=1), Fault(1, "kill", at_ms=9)
    )
    moves = [move(0, 0, 0.5, "ask"), move(0, 1, 2.5, "take"), move(1, 2, 4.5, "take")]
    given = recorded(
        moves,
        *(call(0, "is_locked", JAN, at=0, answer=False), acquire(0, 2, True), acquire(1, 4, True)),
        *(fault("reset", 1, at=1), kill(1, at=9)),
    )
    found = gate_program(program, given, (1, 2, 4), evidence_only=True)
    assert found is not None
    assert [step.verb for step in found.steps if isinstance(step, Operation)][:2] == ["acquire", "acquire"]
    assert [step.kind for step in found.steps if isinstance(step, Fault)] == ["kill"]


def test_steps_that_were_not_taken_are_left_out_and_a_new_session_belongs_to_the_step_before() -> None:
    program = race(TWO[0], Operation(0, "count", JAN), Operation(0, "is_locked", JAN))
    given = recorded(
        [move(0, 0, 0.5, "take"), move(0, 3, 1.5, "hello"), move(0, 2, 3, "ask")],
        *(acquire(0, 0, False), [], call(0, "is_locked", JAN, at=2, answer=False)),
        call(0, "reopen", at=1.2),
    )
    steps, order = at_gate(program, given)
    assert [step.verb for step in steps if isinstance(step, Operation)] == ["acquire", "is_locked"]
    assert order.moves == ((0, 0), (0, 0), (0, 1))


def test_too_many_steps_are_refused() -> None:
    program = race(TWO[0], rounds=MAX_STEPS + 1)
    assert gate_program(program, history(*(acquire(0, at, True) for at in range(MAX_STEPS + 1))), ()) is None


# Faults


def test_who_was_struck_in_a_call_is_struck_after_what_it_had_said() -> None:
    program = race(TWO[0], Fault(0, "reset", at_ms=1))
    moves = [move(0, 0, 0.3, "ask"), move(0, 0, 0.6, "take"), move(0, 0, 1.5, "never mind")]
    given = recorded(moves, acquire(0, 0, None, took=2, error="gone"), fault("reset", 0, at=1))
    steps, _ = at_gate(program, given)
    assert steps[0] == Fault(0, "reset", message=1, point="after")


def test_before_the_first_message_if_it_had_said_nothing() -> None:
    program = race(TWO[0], Fault(0, "terminate", at_ms=1))
    given = recorded([move(0, 0, 0)], acquire(0, 0, None, took=2, error="gone"), fault("terminate", 0, at=1))
    steps, _ = at_gate(program, given)
    assert steps[0] == Fault(0, "terminate")


def test_who_was_killed_between_two_steps_gets_one_to_be_killed_in() -> None:
    program = race(TWO[0], Fault(0, "kill", at_ms=2), Operation(0, "release", JAN), TWO[1])
    given = recorded(
        [move(0, 0, 0.5, "take"), move(1, 3, 3, "take"), move(0, 2, 5, "give")],
        *(acquire(0, 0, True), kill(0, at=2), call(0, "release", JAN, at=5, incarnation=1, answer=False)),
        acquire(1, 3, False),
    )
    steps, order = at_gate(program, given)
    assert steps[1:4] == (Fault(0, "kill"), Operation(0, "acquire", JAN), Operation(0, "release", JAN))
    assert order.moves == ((0, 0), (0, 2), (1, 4), (0, 3))


def test_without_a_month_there_is_nothing_to_be_killed_in() -> None:
    program = Program(1, (), (Operation(0, "list"), Fault(0, "kill", at_ms=2)), "race")
    steps, order = at_gate(program, recorded([move(0, 0, 0.5, "ask")], call(0, "list", at=0), kill(0, at=2)))
    assert steps == (Operation(0, "list"), Fault(0, "kill"))
    assert order.moves == ((0, 0), (0, 0))


def test_each_of_two_lives_is_struck_in_its_own_call() -> None:
    program = race(TWO[0], TWO[0], Fault(0, "kill", at_ms=1), Fault(0, "kill", at_ms=6))
    given = recorded(
        [move(0, 0, 0.5, "take"), move(0, 1, 5.5, "take")],
        *(acquire(0, 0, None, took=None), acquire(0, 5, None, took=None, incarnation=1)),
        *(kill(0, at=1), kill(0, at=6, incarnation=1)),
    )
    steps, _ = at_gate(program, given)
    assert [isinstance(step, Fault) for step in steps] == [True, False, True, False]
    assert {step for step in steps if isinstance(step, Fault)} == {Fault(0, "kill", point="after")}


# What is recorded


def test_what_the_gate_cannot_have_is_not_recorded() -> None:
    steps = (Fault(0, "pause", for_ms=40), Fault(0, "cut", at_ms=2), Operation(0, "spawn"), *TWO)
    assert recordable(race(*steps), ()).steps == (Fault(0, "reset", at_ms=2), *TWO)


def test_nor_are_rounds_that_came_after_the_proof() -> None:
    assert recordable(race(*TWO, rounds=100), (3, 6)).rounds == 4
    assert recordable(race(*TWO, rounds=100), ()).rounds == 100
    assert recordable(race(*TWO, rounds=100), (0, 200)).rounds == 100, "in the end, when all rounds are over"


def test_the_earliest_proof_is_enough() -> None:
    verdicts = [
        Verdict("mutual_exclusion", "violated", evidence=(3, 9)),
        Verdict("no_lost_update", "violated", evidence=(4, 5)),
        Verdict("linearizable", "violated", evidence=(1,)),
        Verdict("nothing_left_behind", "violated"),
    ]
    wanted = frozenset({"mutual_exclusion", "no_lost_update", "nothing_left_behind"})
    assert earliest_evidence(verdicts, wanted) == (4, 5)
    assert earliest_evidence(verdicts, frozenset({"nothing_left_behind"})) == ()
