"""How long a client believes what is not so any more, in histories written by hand."""

import pytest

from lock_harness.analysis.view import View
from lock_harness.core.history import History
from lock_harness.core.verdict import Bounds
from lock_harness.figures.beliefs import beliefs
from tests.histories import FEB, JAN, MS, Part, acquire, call, fault, gone, history, kill

Stretch = tuple[float, float, float]  # from, to, beside another holder; in milliseconds


def ended(*, heard: float = 11) -> Part:
    """The server ends the session of actor 0 at 10 ms."""
    return fault("terminate", 0, at=10) + gone(0, at=heard)


CASES: list[tuple[str, list[Stretch], History]] = [
    ("nothing was held", [], history(ended(), call(0, "is_locked", JAN, at=15, error="gone"))),
    ("it was given back before", [], history(
        acquire(0, 0, True), call(0, "release", JAN, at=5, answer=True), ended())),
    ("nothing ended the session", [], history(acquire(0, 0, True), call(0, "release", JAN, at=15, answer=True))),
    ("a death ends belief too", [], history(acquire(0, 0, True), kill(0, at=10))),
    ("until it gives the month back", [(10, 15, 0)], history(
        acquire(0, 0, True), ended(), call(0, "release", JAN, at=15, took=5, error="gone"))),
    ("also when giving it back is said to have worked", [(10, 15, 0)], history(
        acquire(0, 0, True), ended(), call(0, "release", JAN, at=15, answer=True))),
    ("until another call returns an error", [(10, 20, 0)], history(
        acquire(0, 0, True), ended(), call(0, "is_locked", FEB, at=15, took=5, error="gone"))),
    ("what was asked before the end may tell it", [(10, 12, 0)], history(
        acquire(0, 0, True), call(0, "acquire", FEB, at=5, took=7, timeout=500, error="gone"), ended())),
    ("an answer about another month tells nothing", [(10, 30, 0)], history(
        acquire(0, 0, True), ended(), call(0, "acquire", FEB, at=15, answer=False),
        call(0, "release", JAN, at=30, answer=True))),
    ("a False about the month tells it", [(10, 16, 0)], history(
        acquire(0, 0, True), ended(), call(0, "is_locked", JAN, at=15, answer=False))),
    ("a list without the month tells it", [(10, 16, 0)], history(
        acquire(0, 0, True), ended(), call(0, "list", at=15, listed=(FEB,)))),
    ("until it opens a new session", [(10, 15, 0)], history(
        acquire(0, 0, True), ended(), call(0, "reopen", at=15))),
    ("until it dies", [(10, 15, 0)], history(acquire(0, 0, True), ended(), kill(0, at=15))),
    ("until the history ends", [(10, 40, 0)], history(acquire(0, 0, True), ended(), acquire(1, 39, False))),
    ("until we gave up waiting", [(10, 3000, 0)], history(
        acquire(0, 0, True), ended(), call(0, "is_locked", JAN, at=15, took=None), gave_up=3000)),
    ("a True from a new session is a claim of its own", [(10, 16, 0)], history(
        acquire(0, 0, True), ended(), acquire(0, 15, True), call(0, "release", JAN, at=30, answer=True))),
    ("granted as the session was being ended", [(13, 20, 0)], history(
        ended(heard=14), acquire(0, 11, True, took=2), call(0, "release", JAN, at=20, error="gone"))),
    ("taken twice, given back once", [(10, 30, 0)], history(
        acquire(0, 0, True), acquire(0, 2, True), ended(), call(0, "release", JAN, at=15, answer=True),
        call(0, "release", JAN, at=30, answer=True))),
    ("to the end of the body", [(10, 18, 0)], history(
        call(0, "hold", JAN, at=0, took=20, body=(1, 18), error="gone"), ended())),
    ("a body that was over before", [], history(
        call(0, "hold", JAN, at=0, took=20, body=(1, 8), error="gone"), ended())),
    ("of two months two beliefs", [(10, 20, 0), (10, 25, 0)], history(
        acquire(0, 0, True), call(0, "acquire", FEB, at=2, answer=True), ended(),
        call(0, "release", JAN, at=20, answer=True), call(0, "release", FEB, at=25, answer=True))),
    ("a lasting fault ends the session only when it is over", [(30, 40, 0)], history(
        acquire(0, 0, True), fault("half_open", 0, at=10, healed=30), call(0, "reopen", at=40))),
    ("beside another holder", [(10, 30, 12)], history(
        acquire(0, 0, True), ended(), acquire(1, 15, True, took=3),
        call(0, "release", JAN, at=30, error="gone"), call(1, "release", JAN, at=50, answer=True))),
    ("beside two others, one after the other", [(10, 40, 10)], history(
        acquire(0, 0, True), ended(), acquire(1, 14, True), call(1, "release", JAN, at=20, answer=True),
        acquire(2, 31, True), call(2, "release", JAN, at=37, answer=True), call(0, "reopen", at=40), actors=3)),
    ("what two others claim at once counts once", [(10, 40, 20)], history(
        acquire(0, 0, True), ended(), acquire(1, 19, True), acquire(2, 24, True), call(0, "reopen", at=40),
        actors=3)),
    ("somebody else's other month", [(10, 30, 0)], history(
        acquire(0, 0, True), ended(), call(1, "acquire", FEB, at=15, answer=True), call(0, "reopen", at=30))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "given"), [pytest.param(expected, given, id=what) for what, expected, given in CASES]
)
def test_belief(expected: list[Stretch], given: History) -> None:
    found = beliefs(View(given, Bounds()))
    assert sorted((one.from_ns / MS, one.to_ns / MS, one.beside_ns / MS) for one in found) == expected
    assert {one.session for one in found} <= {(0, 0)}


def test_it_names_the_month_and_the_call_that_was_granted_it() -> None:
    given = history(call(0, "acquire", FEB, at=0, answer=True), ended(), call(0, "reopen", at=15))
    (belief,) = beliefs(View(given, Bounds()))
    assert (belief.month, belief.first) == (FEB, 0)
