"""The stale beliefs of clients, in histories written by hand."""

import pytest

from lock_harness.analysis.view import View
from lock_harness.core.history import History
from lock_harness.core.verdict import Bounds
from lock_harness.figures.beliefs import beliefs
from tests.histories import FEB, JAN, MS, Part, acquire, call, fault, gone, history, kill

# when a belief began and ended, and how long another session held the month meanwhile; in milliseconds
BeliefTimes = tuple[float, float, float]


def ended(*, gone_at: float = 11) -> Part:
    """Return a fault that ends the session of actor 0 at 10 ms."""
    return fault("terminate", 0, at=10) + gone(0, at=gone_at)


CASES: list[tuple[str, list[BeliefTimes], History]] = [
    ("the client held nothing", [], history(ended(), call(0, "is_locked", JAN, at=15, error="gone"))),
    ("the month was released before the session was ended", [], history(
        acquire(0, 0, True), call(0, "release", JAN, at=5, answer=True), ended())),
    ("no fault ended the session", [], history(acquire(0, 0, True), call(0, "release", JAN, at=15, answer=True))),
    ("a killed actor believes nothing", [], history(acquire(0, 0, True), kill(0, at=10))),
    ("until the client releases the month", [(10, 15, 0)], history(
        acquire(0, 0, True), ended(), call(0, "release", JAN, at=15, took=5, error="gone"))),
    ("until the client releases the month and the release answers True", [(10, 15, 0)], history(
        acquire(0, 0, True), ended(), call(0, "release", JAN, at=15, answer=True))),
    ("until another call returns an error", [(10, 20, 0)], history(
        acquire(0, 0, True), ended(), call(0, "is_locked", FEB, at=15, took=5, error="gone"))),
    ("until a call that began before the end returns an error", [(10, 12, 0)], history(
        acquire(0, 0, True), call(0, "acquire", FEB, at=5, took=7, timeout=500, error="gone"), ended())),
    ("an answer about another month does not end the belief", [(10, 30, 0)], history(
        acquire(0, 0, True), ended(), call(0, "acquire", FEB, at=15, answer=False),
        call(0, "release", JAN, at=30, answer=True))),
    ("until is_locked answers False", [(10, 16, 0)], history(
        acquire(0, 0, True), ended(), call(0, "is_locked", JAN, at=15, answer=False))),
    ("until a list does not show the month", [(10, 16, 0)], history(
        acquire(0, 0, True), ended(), call(0, "list", at=15, listed=(FEB,)))),
    ("until the client opens a new session", [(10, 15, 0)], history(
        acquire(0, 0, True), ended(), call(0, "reopen", at=15))),
    ("until the client dies", [(10, 15, 0)], history(acquire(0, 0, True), ended(), kill(0, at=15))),
    ("until the history ends", [(10, 40, 0)], history(acquire(0, 0, True), ended(), acquire(1, 39, False))),
    ("until the harness gave up on a call", [(10, 3000, 0)], history(
        acquire(0, 0, True), ended(), call(0, "is_locked", JAN, at=15, took=None), gave_up=3000)),
    ("until a new session acquires the month", [(10, 16, 0)], history(
        acquire(0, 0, True), ended(), acquire(0, 15, True), call(0, "release", JAN, at=30, answer=True))),
    ("granted while the session was being ended", [(13, 20, 0)], history(
        ended(gone_at=14), acquire(0, 11, True, took=2), call(0, "release", JAN, at=20, error="gone"))),
    ("granted and released on a connection that was opened while the others were ended", [], history(
        ended(gone_at=14), acquire(0, 11, True, took=2), call(0, "release", JAN, at=20, answer=True))),
    ("acquired twice, until the second release", [(10, 30, 0)], history(
        acquire(0, 0, True), acquire(0, 2, True), ended(), call(0, "release", JAN, at=15, answer=True),
        call(0, "release", JAN, at=30, answer=True))),
    ("until the end of the body of a hold", [(10, 18, 0)], history(
        call(0, "hold", JAN, at=0, took=20, body=(1, 18), error="gone"), ended())),
    ("the body of a hold ended before the session", [], history(
        call(0, "hold", JAN, at=0, took=20, body=(1, 8), error="gone"), ended())),
    ("a belief for each of two months", [(10, 20, 0), (10, 25, 0)], history(
        acquire(0, 0, True), call(0, "acquire", FEB, at=2, answer=True), ended(),
        call(0, "release", JAN, at=20, answer=True), call(0, "release", FEB, at=25, answer=True))),
    ("a belief begins when a lasting fault is healed", [(30, 40, 0)], history(
        acquire(0, 0, True), fault("half_open", 0, at=10, healed=30), call(0, "reopen", at=40))),
    ("while another session held the month", [(10, 30, 12)], history(
        acquire(0, 0, True), ended(), acquire(1, 15, True, took=3),
        call(0, "release", JAN, at=30, error="gone"), call(1, "release", JAN, at=50, answer=True))),
    ("while two other sessions held the month, one after the other", [(10, 40, 10)], history(
        acquire(0, 0, True), ended(), acquire(1, 14, True), call(1, "release", JAN, at=20, answer=True),
        acquire(2, 31, True), call(2, "release", JAN, at=37, answer=True), call(0, "reopen", at=40), actors=3)),
    ("overlapping holds of two other sessions count once", [(10, 40, 20)], history(
        acquire(0, 0, True), ended(), acquire(1, 19, True), acquire(2, 24, True), call(0, "reopen", at=40),
        actors=3)),
    ("a hold of another month does not count", [(10, 30, 0)], history(
        acquire(0, 0, True), ended(), call(1, "acquire", FEB, at=15, answer=True), call(0, "reopen", at=30))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "given"), [pytest.param(expected, given, id=what) for what, expected, given in CASES]
)
def test_a_stale_belief_has_the_expected_times(expected: list[BeliefTimes], given: History) -> None:
    found = beliefs(View(given, Bounds()))
    assert sorted((one.from_ns / MS, one.to_ns / MS, one.shared_ns / MS) for one in found) == expected
    assert {one.session for one in found} <= {(0, 0)}


def test_a_stale_belief_names_the_month_and_the_call_that_acquired_it() -> None:
    given = history(call(0, "acquire", FEB, at=0, answer=True), ended(), call(0, "reopen", at=15))
    (belief,) = beliefs(View(given, Bounds()))
    assert (belief.month, belief.first) == (FEB, 0)
