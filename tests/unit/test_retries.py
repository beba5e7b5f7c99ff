"""Unknown examples are run again, and violations that are only about time are confirmed."""

from contextlib import nullcontext
from unittest.mock import create_autospec

import msgspec
import pytest

from lock_harness.checks import judge
from lock_harness.core.history import SessionAge, Stall
from lock_harness.core.program import Program
from lock_harness.core.verdict import Bounds, Status
from lock_harness.execution.arena import Arena
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.retries import MAX_RUNS, run_confirmed, run_until_conclusive
from tests.histories import JAN, Part, acquire, audit, call, fault, gone, history, kill, stall

PROGRAM = Program(2, (JAN,), ())


def example(*parts: Part, stalls: tuple[Stall, ...] = ()) -> Example:
    given = history(*parts, stalls=stalls)
    return Example(PROGRAM, given, judge(given, Bounds()))


GOOD = example(acquire(0, 0, True))
LATE = example(acquire(0, 0, True, took=500, timeout=20))
STALLED = example(acquire(0, 0, True, took=500, timeout=20), stalls=(stall(400, 300),))
BOTH = example(acquire(0, 0, True), acquire(1, 5, True, took=500, timeout=20))


class Scripted(Executor):
    """Returns the given examples in their order."""

    def __init__(self, *examples: Example) -> None:
        arena = create_autospec(Arena)
        super().__init__(lambda: nullcontext(arena))
        self._examples = iter(examples)
        self.warm_ups: list[int] = []

    def warm_up(self, actors: int) -> None:
        self.warm_ups.append(actors)

    def run_and_clean_up(self, program: Program) -> Example:
        assert program == PROGRAM
        return next(self._examples)


def test_an_example_with_only_a_late_answer_violates_only_time_bounds() -> None:
    assert [one.violates_only_time_bounds for one in (GOOD, LATE, BOTH)] == [False, True, False]


def test_an_example_that_may_have_left_a_lock_behind_may_have_leaked() -> None:
    anonymous = history(acquire(0, 0, True), audits=(audit([], [], sessions=1),))
    unnamed_session = Example(PROGRAM, anonymous, judge(anonymous, Bounds()))
    assert (unnamed_session.status, unnamed_session.may_have_leaked) == ("unknown", False), (
        "else the arena would be reset after each example"
    )
    unknown_acquire = example(
        fault("terminate", 0, at=0), gone(0, at=1), acquire(0, 2, None, error="it is closed")
    )
    assert (unknown_acquire.status, unknown_acquire.may_have_leaked) == ("holds", True), (
        "it is not known whether the month is free"
    )
    assert [one.may_have_leaked for one in (GOOD, LATE, BOTH, STALLED)] == [False, True, True, True]


def test_an_example_leaves_months_locked_if_the_server_or_the_probe_shows_them() -> None:
    held = history(acquire(0, 0, True), audits=(audit([(0, JAN)], [(0, "k")]),))
    refused = history(acquire(0, 0, True), acquire(1, 5, False))
    hung = history(acquire(0, 0, True, took=None), gave_up=900)
    locked = [Example(PROGRAM, one, ()).leaves_months_locked for one in (held, refused, hung)]
    assert (locked, GOOD.leaves_months_locked, LATE.leaves_months_locked) == ([True] * 3, False, False)


def test_an_unconfirmed_violation_is_unknown_and_keeps_its_reason() -> None:
    unconfirmed = LATE.confirmed(frozenset())
    assert unconfirmed.status == "unknown"
    why = next(verdict.why for verdict in unconfirmed.verdicts if verdict.status == "unknown")
    assert "answered after 500.0 ms" in why
    assert "not when run again" in why


@pytest.mark.parametrize(
    ("examples", "status"),
    [
        ((GOOD,), "holds"),
        ((BOTH,), "violated"),
        ((LATE, GOOD), "unknown"),
        ((LATE, LATE, GOOD), "unknown"),
        ((LATE, LATE, LATE), "violated"),
        ((LATE, STALLED, LATE, STALLED, LATE), "violated"),
        ((LATE, STALLED, GOOD), "unknown"),
        ((STALLED, GOOD), "holds"),
        ((STALLED, STALLED, LATE, LATE, LATE), "violated"),
        ((STALLED,) * MAX_RUNS, "unknown"),
    ],
)
def test_a_violation_of_time_bounds_counts_only_if_it_occurs_again(
    examples: tuple[Example, ...], status: Status
) -> None:
    assert run_confirmed(Scripted(*examples), PROGRAM).status == status


# the month was free for 1,951 of 2,000 ms, and the call was refused nevertheless
FREE_FOR_LONG = (acquire(0, 0, True), call(0, "release", JAN, at=48, answer=True))
REFUSED = example(*FREE_FOR_LONG, acquire(1, 1, False, took=2000, timeout=2000))
REFUSED_IN_STALL = example(
    *FREE_FOR_LONG, acquire(1, 1, False, took=2000, timeout=2000), stalls=(stall(400, 5),)
)
VERY_LATE = example(acquire(0, 0, True, took=530, timeout=20))


@pytest.mark.parametrize("missed_by_far", [REFUSED, VERY_LATE], ids=["refused", "late"])
def test_a_bound_that_was_missed_by_far_is_violated_even_if_that_does_not_occur_again(
    missed_by_far: Example,
) -> None:
    """Such a failure needs luck.  A slow machine cannot cause it without a stall that the stall meter notices."""
    assert missed_by_far.violates_only_time_bounds
    shown = run_confirmed(Scripted(missed_by_far, GOOD), PROGRAM)
    assert (shown.status, shown.violated_checks) == ("violated", missed_by_far.violated_checks)


def test_a_bound_that_was_missed_by_far_while_the_machine_stalled_must_be_violated_again() -> None:
    """A stall of 5 ms explains no delay of two seconds, but it shows that the machine was busy."""
    assert REFUSED_IN_STALL.status == "violated"
    assert run_confirmed(Scripted(REFUSED_IN_STALL, GOOD), PROGRAM).status == "unknown"


def cold(given: Example) -> Example:
    """Return the example with actors whose processes had never used the lock."""
    ages = (SessionAge(0, 0, 0, new_process=True), SessionAge(1, 0, 0, new_process=True))
    changed = msgspec.structs.replace(given.history, sessions=ages)
    return Example(PROGRAM, changed, judge(changed, Bounds()))


def test_a_slow_first_call_of_a_process_is_not_judged_but_run_again_with_warm_actors() -> None:
    for late in (cold(LATE), cold(VERY_LATE)):
        assert late.violates_only_time_bounds
        why = next(verdict.why for verdict in late.verdicts if verdict.check == "timeout_not_late")
        assert "it was the first call of a new process" in why
        executor = Scripted(late, GOOD)
        assert run_confirmed(executor, PROGRAM).status == "holds"
        assert executor.warm_ups == [2]
    executor = Scripted(cold(LATE), LATE, LATE, LATE)
    assert run_confirmed(executor, PROGRAM).status == "violated", "a warm actor was late, too"
    assert executor.warm_ups == [2, 2, 2]


def test_a_second_call_of_a_new_process_is_judged() -> None:
    late = cold(example(acquire(0, 0, True), acquire(0, 10, True, took=900, timeout=20)))
    assert not late.depends_on_first_calls
    assert run_confirmed(Scripted(late, GOOD), PROGRAM).status == "violated", "it is missed by far"


@pytest.mark.parametrize(
    ("calls", "status"),
    [
        ((acquire(0, 60, True, took=900, timeout=20, incarnation=1),), "holds"),
        ((acquire(0, 60, True, took=None, timeout=20, incarnation=1),), "violated"),
        ((acquire(0, 60, True, incarnation=1), acquire(0, 70, True, took=900, incarnation=1)), "violated"),
    ],
    ids=["first call", "first call that hangs", "second call"],
)
def test_the_first_call_of_a_process_that_replaces_a_killed_one_may_be_slow(
    calls: tuple[Part, ...], status: Status
) -> None:
    """It cannot be run again with a warm process: each run kills the process before."""
    killed = history(acquire(0, 0, True), kill(0, at=5), *calls, gave_up=4000)
    ages = (SessionAge(0, 0, 0, used_ns=0), SessionAge(0, 1, 0, new_process=True))
    verdicts = judge(msgspec.structs.replace(killed, sessions=ages), Bounds())
    assert {one.status for one in verdicts if one.check == "timeout_not_late"} == {status}


def test_only_the_checks_that_are_violated_again_are_confirmed() -> None:
    late_and_refused = example(
        acquire(0, 0, True, took=1),
        call(0, "release", JAN, at=20, answer=True),
        acquire(1, 2, False, took=500, timeout=300),
    )
    assert late_and_refused.violated_checks == {"timeout_not_late", "grants_free_month"}
    shown = run_confirmed(Scripted(late_and_refused, LATE, LATE), PROGRAM)
    assert shown.violated_checks == {"timeout_not_late"}


def test_a_violation_needs_confirmation_unless_its_check_was_shown_to_fail() -> None:
    shown = LATE.violated_checks
    assert run_confirmed(Scripted(LATE), PROGRAM, shown).status == "violated"
    assert run_confirmed(Scripted(LATE, GOOD), PROGRAM, frozenset({"auto_release"})).status == "unknown"
    assert run_confirmed(Scripted(STALLED), PROGRAM, shown).status == "unknown", (
        "it is not run again, since the lock is known to fail"
    )


def test_an_unknown_example_is_run_again_until_it_is_conclusive_or_max_runs_are_over() -> None:
    checks = LATE.violated_checks
    assert run_until_conclusive(Scripted(STALLED, STALLED, LATE), PROGRAM, checks) == LATE
    assert run_until_conclusive(Scripted(STALLED, GOOD, LATE), PROGRAM, checks) == GOOD
    assert run_until_conclusive(Scripted(*[STALLED] * MAX_RUNS), PROGRAM, checks) == STALLED


def test_an_unknown_result_of_another_check_is_conclusive() -> None:
    assert run_until_conclusive(Scripted(STALLED), PROGRAM, frozenset({"mutual_exclusion"})) == STALLED
