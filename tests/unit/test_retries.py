"""What hinges on time must come back."""

from contextlib import nullcontext
from unittest.mock import create_autospec

import pytest

from lock_harness.checks import judge
from lock_harness.core.history import Stall
from lock_harness.core.program import Program
from lock_harness.core.verdict import Bounds, Status
from lock_harness.execution.arena import Arena
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.retries import MAX_RUNS, run_confirmed, run_until_conclusive
from tests.histories import JAN, Part, acquire, audit, fault, gone, history, stall

PROGRAM = Program(2, (JAN,), ())


def example(*parts: Part, stalls: tuple[Stall, ...] = ()) -> Example:
    given = history(*parts, stalls=stalls)
    return Example(PROGRAM, given, judge(given, Bounds()))


GOOD = example(acquire(0, 0, True))
LATE = example(acquire(0, 0, True, took=500, timeout=20))
STALLED = example(acquire(0, 0, True, took=500, timeout=20), stalls=(stall(400, 300),))
BOTH = example(acquire(0, 0, True), acquire(1, 5, True, took=500, timeout=20))


class Scripted(Executor):
    """Gives the examples it was told to give."""

    def __init__(self, *examples: Example) -> None:
        arena = create_autospec(Arena)
        super().__init__(lambda: nullcontext(arena))
        self._examples = iter(examples)

    def run_and_clean_up(self, program: Program) -> Example:
        assert program == PROGRAM
        return next(self._examples)


def test_only_a_late_answer_violates_only_time_bounds() -> None:
    assert (
        GOOD.violates_only_time_bounds,
        LATE.violates_only_time_bounds,
        BOTH.violates_only_time_bounds,
    ) == (False, True, False)


def test_what_may_have_left_something_behind_is_suspect() -> None:
    unnamed = history(
        acquire(0, 0, True), audits=(audit([], [], sessions=1),)
    )  # it has not passed on its name
    no_name = Example(PROGRAM, unnamed, judge(unnamed, Bounds()))
    assert (no_name.status, no_name.may_have_leaked) == ("unknown", False), "or it would be renewed each time"
    in_vain = example(fault("terminate", 0, at=0), gone(0, at=1), acquire(0, 2, None, error="it is closed"))
    assert (in_vain.status, in_vain.may_have_leaked) == ("holds", True), (
        "nobody knows whether the month is free"
    )
    assert [one.may_have_leaked for one in (GOOD, LATE, BOTH, STALLED)] == [False, True, True, True]


def test_what_is_doubted_is_unknown_and_keeps_its_reason() -> None:
    doubted = LATE.unconfirmed()
    assert doubted.status == "unknown"
    why = next(verdict.why for verdict in doubted.verdicts if verdict.status == "unknown")
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
def test_what_hinges_on_time_is_known_only_if_it_comes_back_or_goes_away(
    examples: tuple[Example, ...], status: Status
) -> None:
    assert run_confirmed(Scripted(*examples), PROGRAM).status == status


def test_what_was_shown_to_be_violated_need_not_come_back_and_what_was_not_must() -> None:
    shown = LATE.violated_checks
    assert run_confirmed(Scripted(LATE), PROGRAM, shown).status == "violated"
    assert run_confirmed(Scripted(LATE, GOOD), PROGRAM, frozenset({"auto_release"})).status == "unknown"
    assert run_confirmed(Scripted(STALLED), PROGRAM, shown).status == "unknown", (
        "run once: a lock that has lost"
    )


def test_a_doubt_is_looked_into_until_it_is_known_or_patience_is_at_an_end() -> None:
    checks = LATE.violated_checks
    assert run_until_conclusive(Scripted(STALLED, STALLED, LATE), PROGRAM, checks) == LATE
    assert run_until_conclusive(Scripted(STALLED, GOOD, LATE), PROGRAM, checks) == GOOD
    assert run_until_conclusive(Scripted(*[STALLED] * MAX_RUNS), PROGRAM, checks) == STALLED


def test_a_doubt_in_another_check_is_none() -> None:
    assert run_until_conclusive(Scripted(STALLED), PROGRAM, frozenset({"mutual_exclusion"})) == STALLED
