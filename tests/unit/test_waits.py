"""How long calls waited for a month, and how often they were overtaken, in histories written by hand."""

import pytest
from hypothesis import given, strategies

from lock_harness.analysis.view import View
from lock_harness.core.history import History
from lock_harness.core.verdict import Bounds
from lock_harness.figures.waits import waits
from tests.histories import FEB, JAN, MS, Part, acquire, call, fault, history, kill

# the actor, the wait in milliseconds, whether another session held the month meanwhile, and how often it was overtaken
Expected = tuple[int, float | None, str, int]


def release(actor: int, at: float) -> Part:
    return call(actor, "release", JAN, at=at, answer=True)


def waits_of(written: History) -> list[Expected]:
    """Return the waits in the order in which the calls began."""
    return [
        (
            one.session.actor,
            None if one.took_ns is None else one.took_ns / MS,
            "held" if one.met else "free" if one.alone else "unknown",
            one.overtaken,
        )
        for one in reversed(waits(View(written, Bounds())))
    ]


CASES: list[tuple[str, list[Expected], History]] = [
    ("no other session", [(0, 1, "free", 0)], history(acquire(0, 0, True))),
    ("a call waits for the holder", [(0, 1, "free", 0), (1, 20, "held", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=20, timeout=500), release(0, 20))),
    ("a call gives up", [(0, 1, "free", 0), (1, None, "held", 0)], history(
        acquire(0, 0, True), acquire(1, 5, False, took=20, timeout=20))),
    ("two calls at the same time", [(0, 3, "unknown", 0), (1, 20, "held", 0)], history(
        acquire(0, 0, True, took=3, timeout=500), acquire(1, 1, True, took=20, timeout=500), release(0, 10))),
    ("granted during the release of another session", [(0, 1, "free", 0), (1, 2, "unknown", 0)], history(
        acquire(0, 0, True), call(0, "release", JAN, at=5, took=4, answer=True), acquire(1, 6, True, took=2))),
    ("a hold of another month does not count", [(0, 1, "free", 0), (1, 1, "free", 0)], history(
        acquire(0, 0, True), call(1, "acquire", FEB, at=5, answer=True))),
    ("an acquire of a month that the session holds is no wait", [(0, 1, "free", 0)], history(acquire(0, 0, True), acquire(0, 5, True))),
    ("a hold waits until its body begins", [(0, 1, "free", 0), (1, 20, "held", 0)], history(
        acquire(0, 0, True), call(1, "hold", JAN, at=5, took=90, timeout=500, body=(25, 80), answer=True),
        release(0, 20))),
    ("granted after the death of the holder", [(0, 1, "free", 0), (1, 4, "unknown", 0)], history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 6, True, took=4))),
    ("an indeterminate call is no wait", [(0, 1, "free", 0)], history(
        acquire(0, 0, True), acquire(1, 5, None, error="OSError: lost"), acquire(2, 9, None, took=None), actors=3)),
    ("a call of a stopped actor is no wait", [(0, 1, "free", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=40, timeout=500), release(0, 10),
        fault("pause", 1, at=9, healed=40))),
    ("overtaken by a call that began later", [(0, 1, "free", 0), (1, 55, "held", 1), (2, 10, "held", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=55, timeout=500), acquire(2, 15, True, took=10, timeout=500),
        release(0, 20), release(2, 40), actors=3)),
    ("overtaken before it gave up", [(0, 1, "free", 0), (1, None, "held", 1), (2, 10, "held", 0)], history(
        acquire(0, 0, True), acquire(1, 5, False, took=55, timeout=55), acquire(2, 15, True, took=10, timeout=500),
        release(0, 20), actors=3)),
    ("not overtaken by a call that began before",
     [(0, 1, "free", 0), (2, 20, "held", 0), (1, 54, "held", 0)], history(
         acquire(0, 0, True), acquire(2, 5, True, took=20, timeout=500), acquire(1, 6, True, took=54, timeout=500),
         release(0, 20), release(2, 40), actors=3)),
    ("overtaken twice by the same actor", [
        (0, 1, "free", 0), (1, 95, "held", 2), (2, 10, "held", 0), (2, 10, "unknown", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=95, timeout=500),
        acquire(2, 15, True, took=10, timeout=500), release(0, 20), release(2, 40),
        acquire(2, 50, True, took=10, timeout=500), release(2, 70), actors=3)),
    ("a second acquire of a held month does not overtake", [(0, 1, "free", 0), (1, 95, "held", 1), (2, 10, "held", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=95, timeout=500), release(0, 20),
        acquire(2, 15, True, took=10, timeout=500), acquire(2, 30, True), release(2, 40), release(2, 50), actors=3)),
    ("not overtaken by a call for another month", [(0, 1, "free", 0), (1, 55, "held", 0), (2, 1, "free", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=55, timeout=500),
        call(2, "acquire", FEB, at=15, answer=True), release(0, 20), actors=3)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "written"), [pytest.param(expected, written, id=what) for what, expected, written in CASES]
)
def test_the_waits_of_a_history_have_the_expected_times(expected: list[Expected], written: History) -> None:
    found = waits_of(written)
    assert [(actor, met, overtaken) for actor, _, met, overtaken in found] == [
        (actor, met, overtaken) for actor, _, met, overtaken in expected
    ]
    assert [took for _, took, _, _ in found] == pytest.approx([took for _, took, _, _ in expected])


@given(strategies.lists(strategies.tuples(*[strategies.integers(0, 9)] * 4), max_size=30))
def test_the_waits_of_a_history_agree_with_a_comparison_of_all_pairs_of_calls(
    drawn: list[tuple[int, int, int, int]],
) -> None:
    parts: list[Part] = []
    # no two events at one moment
    free = [actor / 100 for actor in range(10)]
    for actor, pause, took, kept in drawn:
        begin = free[actor] + pause
        end = begin + took + 0.5
        parts += [acquire(actor, begin, kept > 2, took=took + 0.5), release(actor, end + kept)]
        free[actor] = end + kept + 1.5
    view = View(history(*parts, actors=10), Bounds())
    granted = {(hold.session, hold.first) for hold in view.holds}
    asked = [one for one in view.calls if one.verb == "acquire"]
    expected = []
    for one in reversed(asked):
        met = any(
            hold.session != one.session and hold.from_ns < one.until_ns and one.invoked_ns < hold.to_ns
            for hold in view.holds
        )
        overtaken = sum(
            one.invoked_ns < other.invoked_ns and other.until_ns < one.until_ns
            for other in asked
            if (other.session, other.number) in granted
        )
        expected.append((one.session, met, overtaken))
    assert [(one.session, one.met, one.overtaken) for one in waits(view)] == expected
