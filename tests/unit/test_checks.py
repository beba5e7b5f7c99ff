"""Each check against histories that it must accept and histories that it must refuse."""

import pytest
from msgspec import structs

from lock_harness.analysis.view import View
from lock_harness.checks import CHECKS, judge, overall
from lock_harness.checks.auto_release import auto_release
from lock_harness.core.contract import Contract
from lock_harness.core.history import History, Move
from lock_harness.core.verdict import Bounds, Status
from tests.cases import CASES, CONTRACT_CASES, Check
from tests.histories import MS, acquire, history, kill, stall

BOUNDS = Bounds()
NAMES: dict[Check, str] = {check: check(View(history(), BOUNDS)).check for check in CHECKS}


@pytest.mark.parametrize(
    ("check", "status", "given"),
    [
        pytest.param(check, status, given, id=f"{NAMES[check]}: {what}")
        for check, cases in CASES.items()
        for status, what, given in cases
    ],
)
def test_a_check_returns_the_expected_status(check: Check, status: Status, given: History) -> None:
    verdict = check(View(given, BOUNDS))
    assert verdict.status == status, verdict.why
    assert verdict.check == NAMES[check]
    assert bool(verdict.why) == (status != "holds")


@pytest.mark.parametrize(
    ("check", "status", "contract", "given"),
    [
        pytest.param(check, status, contract, given, id=f"{NAMES[check]}: {what} ({contract})")
        for check, cases in CONTRACT_CASES.items()
        for status, what, contract, given in cases
    ],
)
def test_a_check_returns_the_expected_status_under_a_contract(
    check: Check, status: Status, contract: Contract, given: History
) -> None:
    verdict = check(View(given, contract.bounds(BOUNDS), contract))
    assert verdict.status == status, verdict.why


@pytest.mark.parametrize("check", CHECKS, ids=NAMES.values())
def test_every_check_has_histories_that_it_accepts_and_that_it_refuses(check: Check) -> None:
    plain = {status for status, _, _ in CASES.get(check, [])}
    assert {"holds", "violated"} <= plain | {status for status, *_ in CONTRACT_CASES.get(check, [])}


def test_an_empty_history_violates_no_check() -> None:
    assert overall(judge(history(), BOUNDS)) == "holds"


def test_a_refusal_within_a_wider_release_bound_is_no_violation() -> None:
    late = history(acquire(0, 0, True), kill(0, at=5), acquire(1, 1100, False))
    assert auto_release(View(late, Bounds(release_ms=3000))).status == "holds"


def test_a_history_with_a_violated_and_an_unknown_check_is_violated() -> None:
    mixed = history(
        acquire(0, 0, True),
        acquire(1, 5, True),
        acquire(1, 100, False, took=301, timeout=200),
        stalls=(stall(250, 50),),
    )
    assert overall(judge(mixed, BOUNDS)) == "violated"


def test_moves_of_other_actors_excuse_a_late_answer_at_the_gate_but_not_in_a_recorded_race() -> None:
    late = history(acquire(0, 0, True, took=500, timeout=20))
    for enabled, slowed in (((0, 1), True), ((), False)):
        moves = (Move(2 * MS, 1, 1, "ask", enabled),)
        view = View(structs.replace(late, moves=moves), BOUNDS)
        assert view.delays.slowed(view.calls[0]) is slowed
