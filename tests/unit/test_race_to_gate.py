"""From a recorded race to a program for the gate: literal histories and the programs made of them."""

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


def translate(program: Program, given: History, *numbers: int) -> tuple[tuple[Step, ...], Recorded]:
    """Return the steps and the order of the program for the gate."""
    found = gate_program(program, given, numbers)
    assert found is not None
    assert found.mode == "gate"
    assert isinstance(found.scheduler, Recorded)
    return found.steps, found.scheduler


def test_messages_keep_their_recorded_order() -> None:
    moves = [move(1, 1, 0.2, "ask"), move(0, 0, 0.4, "ask"), move(0, 0, 0.6, "take"), move(1, 1, 0.8, "take")]
    steps, order = translate(race(*TWO), recorded(moves, acquire(0, 0, True), acquire(1, 0, True)))
    assert order.moves == ((1, 1), (0, 0), (0, 0), (1, 1))
    assert [(step.actor, step.verb) for step in steps if isinstance(step, Operation)] == [
        (0, "acquire"),
        (1, "acquire"),
    ]


def test_timeouts_and_pauses_are_replaced_by_the_recorded_outcome() -> None:
    """An acquire that got its month may wait long for it, and an acquire that was refused asks once."""
    paused = msgspec.structs.replace(TWO[0], pause_us=300)
    given = recorded([], acquire(0, 0, True, timeout=20), acquire(1, 0, False, timeout=20, took=20))
    steps, _ = translate(race(paused, TWO[1]), given)
    assert steps == (Operation(0, "acquire", JAN, LONG_TIMEOUT_MS), Operation(1, "acquire", JAN, 0))


def test_rounds_of_a_race_become_steps() -> None:
    program = race(TWO[0], Operation(0, "release", JAN), rounds=2)
    parts = [acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), acquire(0, 4, True)]
    steps, order = translate(program, recorded([move(0, 2, 4.5, "take")], *parts))
    assert [step.verb for step in steps if isinstance(step, Operation)] == ["acquire", "release", "acquire"]
    assert order.moves == ((0, 2),)


def test_steps_after_the_evidence_are_left_out() -> None:
    program = race(*TWO, Operation(0, "release", JAN))
    moves = [move(0, 0, 0.5, "take"), move(1, 1, 2.5, "take"), move(0, 2, 4.5, "give")]
    parts = [acquire(0, 0, True), acquire(1, 2, True), call(0, "release", JAN, at=4, answer=True)]
    steps, order = translate(program, recorded(moves, *parts), 0, 1)
    assert len(steps) == 2
    assert order.moves == ((0, 0), (1, 1))


def test_evidence_only_leaves_out_all_other_steps() -> None:
    program = race(
        Operation(0, "is_locked", JAN), *TWO, Fault(1, "reset", at_ms=1), Fault(1, "kill", at_ms=9)
    )
    moves = [move(0, 0, 0.5, "ask"), move(0, 1, 2.5, "take"), move(1, 2, 4.5, "take")]
    given = recorded(
        moves,
        call(0, "is_locked", JAN, at=0, answer=False),
        acquire(0, 2, True),
        acquire(1, 4, True),
        fault("reset", 1, at=1),
        kill(1, at=9),
    )
    found = gate_program(program, given, (1, 2, 4), evidence_only=True)
    assert found is not None
    assert [step.verb for step in found.steps if isinstance(step, Operation)][:2] == ["acquire", "acquire"]
    assert [step.kind for step in found.steps if isinstance(step, Fault)] == ["kill"]


def test_steps_not_taken_are_left_out_and_a_new_session_belongs_to_the_step_before_it() -> None:
    program = race(TWO[0], Operation(0, "count", JAN), Operation(0, "is_locked", JAN))
    given = recorded(
        [move(0, 0, 0.5, "take"), move(0, 3, 1.5, "hello"), move(0, 2, 3, "ask")],
        acquire(0, 0, False),
        [],
        call(0, "is_locked", JAN, at=2, answer=False),
        call(0, "reopen", at=1.2),
    )
    steps, order = translate(program, given)
    assert [step.verb for step in steps if isinstance(step, Operation)] == ["acquire", "is_locked"]
    assert order.moves == ((0, 0), (0, 0), (0, 1))


def test_a_race_with_too_many_steps_has_no_program_for_the_gate() -> None:
    program = race(TWO[0], rounds=MAX_STEPS + 1)
    assert gate_program(program, history(*(acquire(0, at, True) for at in range(MAX_STEPS + 1))), ()) is None


# Faults


def test_a_fault_during_a_call_hits_the_last_message_sent_before_it() -> None:
    program = race(TWO[0], Fault(0, "reset", at_ms=1))
    moves = [move(0, 0, 0.3, "ask"), move(0, 0, 0.6, "take"), move(0, 0, 1.5, "never mind")]
    given = recorded(moves, acquire(0, 0, None, took=2, error="gone"), fault("reset", 0, at=1))
    steps, _ = translate(program, given)
    assert steps[0] == Fault(0, "reset", message=1, point="after")


def test_a_fault_during_a_call_without_messages_hits_the_next_message() -> None:
    program = race(TWO[0], Fault(0, "terminate", at_ms=1))
    given = recorded([move(0, 0, 0)], acquire(0, 0, None, took=2, error="gone"), fault("terminate", 0, at=1))
    steps, _ = translate(program, given)
    assert steps[0] == Fault(0, "terminate")


def test_an_actor_killed_between_two_steps_gets_an_extra_step_to_be_killed_in() -> None:
    program = race(TWO[0], Fault(0, "kill", at_ms=2), Operation(0, "release", JAN), TWO[1])
    given = recorded(
        [move(0, 0, 0.5, "take"), move(1, 3, 3, "take"), move(0, 2, 5, "give")],
        acquire(0, 0, True),
        kill(0, at=2),
        call(0, "release", JAN, at=5, incarnation=1, answer=False),
        acquire(1, 3, False),
    )
    steps, order = translate(program, given)
    assert steps[1:4] == (Fault(0, "kill"), Operation(0, "acquire", JAN), Operation(0, "release", JAN))
    assert order.moves == ((0, 0), (0, 2), (1, 4), (0, 3))


def test_a_program_without_months_has_no_extra_step_for_a_kill() -> None:
    program = Program(1, (), (Operation(0, "list"), Fault(0, "kill", at_ms=2)), "race")
    steps, order = translate(
        program, recorded([move(0, 0, 0.5, "ask")], call(0, "list", at=0), kill(0, at=2))
    )
    assert steps == (Operation(0, "list"), Fault(0, "kill"))
    assert order.moves == ((0, 0), (0, 0))


def test_each_incarnation_of_an_actor_is_killed_in_its_own_call() -> None:
    program = race(TWO[0], TWO[0], Fault(0, "kill", at_ms=1), Fault(0, "kill", at_ms=6))
    given = recorded(
        [move(0, 0, 0.5, "take"), move(0, 1, 5.5, "take")],
        acquire(0, 0, None, took=None),
        acquire(0, 5, None, took=None, incarnation=1),
        kill(0, at=1),
        kill(0, at=6, incarnation=1),
    )
    steps, _ = translate(program, given)
    assert [isinstance(step, Fault) for step in steps] == [True, False, True, False]
    assert {step for step in steps if isinstance(step, Fault)} == {Fault(0, "kill", point="after")}


# The part of a race that the gate records


def test_a_recordable_race_has_no_steps_that_the_gate_cannot_run() -> None:
    steps = (Fault(0, "pause", for_ms=40), Fault(0, "cut", at_ms=2), Operation(0, "spawn"), *TWO)
    assert recordable(race(*steps), ()).steps == (Fault(0, "reset", at_ms=2), *TWO)


def test_a_recordable_race_ends_with_the_round_of_the_evidence() -> None:
    assert recordable(race(*TWO, rounds=100), (3, 6)).rounds == 4
    assert recordable(race(*TWO, rounds=100), ()).rounds == 100
    assert recordable(race(*TWO, rounds=100), (0, 200)).rounds == 100, (
        "evidence from the clean-up needs all rounds"
    )


def test_the_evidence_that_is_complete_first_is_chosen() -> None:
    verdicts = [
        Verdict("mutual_exclusion", "violated", evidence=(3, 9)),
        Verdict("no_lost_update", "violated", evidence=(4, 5)),
        Verdict("linearizable", "violated", evidence=(1,)),
        Verdict("nothing_left_behind", "violated"),
    ]
    wanted = frozenset({"mutual_exclusion", "no_lost_update", "nothing_left_behind"})
    assert earliest_evidence(verdicts, wanted) == (4, 5)
    assert earliest_evidence(verdicts, frozenset({"nothing_left_behind"})) == ()


def test_the_settings_of_a_race_are_kept() -> None:
    program = msgspec.structs.replace(race(*TWO), settings=(("statement_timeout", "1s"),))
    found = gate_program(program, recorded([], acquire(0, 0, True)), ())
    assert found is not None
    assert found.settings == recordable(program, ()).settings == program.settings
