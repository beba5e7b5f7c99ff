"""The story of a run: its violation, its events and how it was shrunk."""

import re
from pathlib import Path

import msgspec
import pytest

from lock_harness.core.fault import Fault
from lock_harness.core.history import Move, SessionAge
from lock_harness.core.program import Operation, Pooler, Program
from lock_harness.core.run import Shrinking
from lock_harness.frontends.reports import replay_command
from lock_harness.render.story import story
from lock_harness.render.text import plain
from tests.histories import JAN, acquire, call, fault, history, kill
from tests.runs import BROKEN, huge, run


def test_the_story_shows_the_violation_the_events_and_the_replay_command() -> None:
    text = plain(story(run(), replay_command(Path("reports/x/run.json"))))
    assert "herd: violated" in text
    assert "mutual_exclusion" in text
    assert "acquire 2090-01 ≤0 ms → True" in text
    assert "failed 9 of 10 times" in text
    assert "lock-harness replay reports/x/run.json" in text
    assert text.count("◀") == 2


def test_the_replay_command_is_never_wrapped() -> None:
    command = replay_command(Path("reports") / ("long" * 30) / "run.json")
    assert command in plain(story(run(), command), width=60)


def test_the_story_shows_a_pending_call_in_two_rows() -> None:
    waited = history(
        call(0, "acquire", JAN, at=0, answer=True),
        call(1, "acquire", JAN, at=2, took=20, timeout=2000, answer=True),
        call(0, "release", JAN, at=10, answer=True),
        kill(1, at=50),
        call(1, "acquire", JAN, at=60, incarnation=1, answer=True),
    )
    steps = (*run().program.steps, Operation(0, "release", JAN), Fault(1))
    text = plain(story(run(waited, program=Program(2, (JAN,), steps)), "x"))
    assert "acquire 2090-01 ≤2000 ms …" in text
    assert "… acquire → True, after 20.0 ms" in text
    assert "SIGKILL" in text
    assert "60.0" not in text, "the final releases are shown only if they are evidence"


def test_the_story_shows_the_longest_belief_in_a_lost_lock() -> None:
    lost = history(
        call(0, "acquire", JAN, at=0, answer=True),
        fault("terminate", 0, at=4),
        call(1, "acquire", JAN, at=9, answer=True),
        call(0, "reopen", at=20),
    )
    assert (
        "After its session had ended, actor 0 believed for 16.0 ms that it held 2090-01; "
        "another session held it for 10.0 ms of that time."
    ) in plain(story(run(lost), "x"))
    assert "believed" not in plain(story(run(), "x"))


def test_the_story_of_a_race_that_was_shrunk_at_the_gate_says_so() -> None:
    race = msgspec.structs.replace(run().program, mode="race")
    at_gate = msgspec.structs.replace(race, mode="gate")
    shrunk = run(program=at_gate, shrinking=Shrinking(race, BROKEN))
    assert "it fails at the gate too, and was shrunk there." in plain(story(shrunk, "again"))
    as_race = run(program=race, shrinking=Shrinking(race, BROKEN))
    assert "at the gate" not in plain(story(as_race, "again"))


def test_the_story_of_a_race_that_was_shrunk_as_a_race_says_why() -> None:
    race = msgspec.structs.replace(run().program, mode="race")
    why = "0 of 10 recorded runs failed"
    shown = run(program=race, shrinking=Shrinking(race, BROKEN, why_as_race=why))
    assert "Shrunk as a race, so timing may matter: 0 of 10 recorded runs failed." in plain(
        story(shown, "again")
    )


def test_no_order_matters_in_a_race_of_one_actor() -> None:
    alone = Program(1, (JAN,), (Operation(0, "acquire", JAN),), "race")
    shown = run(program=alone, shrinking=Shrinking(alone, BROKEN, why_as_race="0 of 10 recorded runs failed"))
    assert "as a race" not in plain(story(shown, "again"))


def test_the_calls_at_the_end_that_prove_a_violation_count_as_steps() -> None:
    """The program has no steps, and the third of the closing calls is refused."""
    closing = history(
        acquire(0, 0, True),
        call(0, "release", JAN, at=2, answer=True),
        acquire(0, 5, False, took=300),
        actors=1,
    )
    nothing = Program(1, (JAN,), ())
    shown = plain(story(run(closing, program=nothing, shrinking=Shrinking(nothing, BROKEN)), "again"))
    assert "shrunk to 0 steps and 3 closing calls of 1 actor." in shown
    assert "closing" not in plain(story(run(shrinking=Shrinking(run().program, BROKEN)), "again"))


def test_the_duration_of_a_slow_call_is_shown() -> None:
    slow = history(acquire(0, 0, True, took=512, timeout=20), acquire(0, 600, True, took=1))
    text = plain(story(run(slow), "again"))
    assert "acquire 2090-01 ≤20 ms → True, after 512.0 ms" in text
    assert text.count(", after") == 1


@pytest.mark.parametrize("mode", ["session", "transaction", "unreset"])
def test_the_story_of_a_lock_behind_a_pooler_names_the_pooler_before_the_checks(mode: Pooler) -> None:
    program = msgspec.structs.replace(run().program, pooler=mode)
    lines = plain(story(run(program=program), "again"), width=300).splitlines()
    assert "PgBouncer" in lines[1]
    assert "mutual_exclusion" in lines[2]
    assert "PgBouncer" not in plain(story(run(), "again"))


def test_the_story_names_the_settings_of_the_database_before_the_checks() -> None:
    program = msgspec.structs.replace(
        run().program, settings=(("statement_timeout", "1s"), ("lock_timeout", "2s"))
    )
    lines = plain(story(run(program=program), "again"), width=300).splitlines()
    assert lines[1].strip() == "The database has statement_timeout = 1s, lock_timeout = 2s"
    assert "mutual_exclusion" in lines[2]
    assert "The database" not in plain(story(run(), "again"))


def test_the_table_begins_with_the_ages_of_the_sessions() -> None:
    """The cause of a failure may be that a lock was idle before."""
    ages = (
        SessionAge(0, 0, opened_ns=-5_000_000_000, used_ns=-3_250_000_000),
        SessionAge(1, 0, opened_ns=-400_000_000, new_process=True),
    )
    aged = msgspec.structs.replace(BROKEN, sessions=ages)
    text = plain(story(run(aged), "again"))
    first = next(line for line in text.splitlines() if line.startswith("before"))
    assert re.split("  +", first)[1:] == ["open 5.0 s, idle 3.2 s", "open 0.4 s, unused"]
    assert text.index("open 5.0 s") < text.index("acquire 2090-01 ≤0 ms")
    few = msgspec.structs.replace(huge().history, sessions=tuple(SessionAge(n, 0, 0) for n in range(64)))
    assert plain(story(msgspec.structs.replace(huge(), history=few), "x")).count("before  6") == 2


@pytest.mark.parametrize(("repeats", "words"), [((10, 10), "."), ((3, 10), "luck"), ((0, 10), "much luck")])
def test_the_story_says_whether_a_failure_needs_luck(repeats: tuple[int, int], words: str) -> None:
    text = plain(story(run(repeats=repeats), "again"), width=300)
    line = next(line for line in text.splitlines() if line.startswith("The program above"))
    assert words in line.removeprefix(
        f"The program above failed {repeats[0]} of 10 times when it was run again"
    )
    assert ("luck" in line) == (repeats != (10, 10))


def test_the_story_says_that_a_failure_was_not_run_again() -> None:
    assert "not confirmed" in plain(story(run(repeats=None), "again"))
    assert "not confirmed" not in plain(story(run(), "again"))
    assert "not confirmed" not in plain(story(run(status="holds", repeats=None), "again"))


CANCELLED = "57014 canceling statement due to user request"
FREE_BUT_REFUSED = (acquire(1, 0, True), call(1, "release", JAN, at=2, answer=True), acquire(0, 5, False))


def test_an_error_that_was_taken_for_contention_is_named_with_its_call() -> None:
    move = Move(5_500_000, 0, 2, "SELECT lock()", (0, 1), JAN, CANCELLED)
    text = plain(
        story(run(msgspec.structs.replace(history(*FREE_BUT_REFUSED), moves=(move,))), "x"), width=200
    )
    hidden = (
        "The acquire of 2090-01 by actor 0 answered False although the server had reported an error to it"
    )
    assert f"{hidden}: {CANCELLED}." in text
    assert f"SELECT lock() → {CANCELLED}" in text
    assert text.index("grants_free_month") < text.index(hidden) < text.index("actor 0  ")
    assert "had reported" not in plain(story(run(history(*FREE_BUT_REFUSED)), "x"))


def test_a_release_that_hid_an_error_is_named_with_it() -> None:
    aborted = "25P02 current transaction is aborted"
    moves = (Move(2_500_000, 1, 1, "SELECT unlock()", (0, 1), JAN, aborted),)
    text = plain(story(run(msgspec.structs.replace(history(*FREE_BUT_REFUSED), moves=moves)), "x"), width=200)
    hidden = "The release of 2090-01 by actor 1 answered True although the server had reported an error to it"
    assert f"{hidden}: {aborted}." in text


def test_a_granted_acquire_hides_no_error_of_an_earlier_try() -> None:
    moves = (
        Move(500_000, 1, 0, "SELECT lock()", (0, 1), JAN, "55P03 canceling statement due to lock timeout"),
    )
    text = plain(story(run(msgspec.structs.replace(history(*FREE_BUT_REFUSED), moves=moves)), "x"), width=200)
    assert "although" not in text.replace("although no other session", "")


def test_without_a_gate_the_fault_that_hit_a_call_is_named() -> None:
    hit = history(*FREE_BUT_REFUSED[:2], acquire(0, 5, False, took=9), fault("cancel", 0, at=8))
    program = Program(2, (JAN,), (*run().program.steps, *run().program.steps[:1], Fault(0, "cancel")), "race")
    text = plain(story(run(hit, program=program), "x"), width=200)
    assert (
        "The acquire of 2090-01 by actor 0 answered False although a fault had hit it: the server cancels its statement."
    ) in text
    elsewhere = history(*FREE_BUT_REFUSED[:2], fault("cancel", 0, at=4), acquire(0, 5, False, took=9))
    program = msgspec.structs.replace(program, steps=(*program.steps[:2], program.steps[3], program.steps[2]))
    assert "although a fault" not in plain(story(run(elsewhere, program=program), "x"), width=200)


def test_the_story_of_a_huge_example_shows_only_the_rows_around_the_evidence() -> None:
    text = plain(story(huge(), "x"))
    assert text.count("◀") == 2
    assert text.count("⋮") == 2
    assert len(text.splitlines()) < 60
    assert [line.split()[1] for line in text.splitlines() if "◀" in line] == ["62", "63"]
