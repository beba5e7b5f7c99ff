"""Who waited how long for a month and was overtaken how often, in histories written by hand."""

import pytest
from hypothesis import given, strategies

from lock_harness.analysis.view import View
from lock_harness.core.history import History
from lock_harness.core.verdict import Bounds
from lock_harness.figures.waits import waits
from tests.histories import FEB, JAN, MS, Part, acquire, call, fault, history, kill

Told = tuple[int, float | None, str, int]  # actor, waited ms, what it met, how often overtaken


def release(actor: int, at: float) -> Part:
    return call(actor, "release", JAN, at=at, answer=True)


def waits_of(written: History) -> list[Told]:
    """In the order in which they asked."""
    return [
        (
            one.session.actor,
            None if one.took_ns is None else one.took_ns / MS,
            "holder" if one.met else "nobody" if one.alone else "doubt",
            one.overtaken,
        )
        for one in reversed(waits(View(written, Bounds())))
    ]


CASES: list[tuple[str, list[Told], History]] = [
    ("nobody else", [(0, 1, "nobody", 0)], history(acquire(0, 0, True))),
    ("it waits for the holder", [(0, 1, "nobody", 0), (1, 20, "holder", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=20, timeout=500), release(0, 20))),
    ("it gives up", [(0, 1, "nobody", 0), (1, None, "holder", 0)], history(
        acquire(0, 0, True), acquire(1, 5, False, took=20, timeout=20))),
    ("both ask at once, and one gets it first", [(0, 3, "doubt", 0), (1, 20, "holder", 0)], history(
        acquire(0, 0, True, took=3, timeout=500), acquire(1, 1, True, took=20, timeout=500), release(0, 10))),
    ("it comes while the release is on its way", [(0, 1, "nobody", 0), (1, 2, "doubt", 0)], history(
        acquire(0, 0, True), call(0, "release", JAN, at=5, took=4, answer=True), acquire(1, 6, True, took=2))),
    ("another month is no matter", [(0, 1, "nobody", 0), (1, 1, "nobody", 0)], history(
        acquire(0, 0, True), call(1, "acquire", FEB, at=5, answer=True))),
    ("one that is held already is no wait", [(0, 1, "nobody", 0)], history(acquire(0, 0, True), acquire(0, 5, True))),
    ("the body of a wrapper begins", [(0, 1, "nobody", 0), (1, 20, "holder", 0)], history(
        acquire(0, 0, True), call(1, "hold", JAN, at=5, took=90, timeout=500, body=(25, 80), answer=True),
        release(0, 20))),
    ("after a death nobody knows", [(0, 1, "nobody", 0), (1, 4, "doubt", 0)], history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 6, True, took=4))),
    ("an outcome that is not known is left out", [(0, 1, "nobody", 0)], history(
        acquire(0, 0, True), acquire(1, 5, None, error="OSError: lost"), acquire(2, 9, None, took=None), actors=3)),
    ("a stopped one is left out", [(0, 1, "nobody", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=40, timeout=500), release(0, 10),
        fault("pause", 1, at=9, healed=40))),
    ("overtaken by one who asked later", [(0, 1, "nobody", 0), (1, 55, "holder", 1), (2, 10, "holder", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=55, timeout=500), acquire(2, 15, True, took=10, timeout=500),
        release(0, 20), release(2, 40), actors=3)),
    ("overtaken, and then it gave up", [(0, 1, "nobody", 0), (1, None, "holder", 1), (2, 10, "holder", 0)], history(
        acquire(0, 0, True), acquire(1, 5, False, took=55, timeout=55), acquire(2, 15, True, took=10, timeout=500),
        release(0, 20), actors=3)),
    ("not overtaken by one who asked before",
     [(0, 1, "nobody", 0), (2, 20, "holder", 0), (1, 54, "holder", 0)], history(
         acquire(0, 0, True), acquire(2, 5, True, took=20, timeout=500), acquire(1, 6, True, took=54, timeout=500),
         release(0, 20), release(2, 40), actors=3)),
    ("overtaken twice by the same", [
        (0, 1, "nobody", 0), (1, 95, "holder", 2), (2, 10, "holder", 0), (2, 10, "doubt", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=95, timeout=500),
        acquire(2, 15, True, took=10, timeout=500), release(0, 20), release(2, 40),
        acquire(2, 50, True, took=10, timeout=500), release(2, 70), actors=3)),
    ("what is taken twice overtakes once", [(0, 1, "nobody", 0), (1, 95, "holder", 1), (2, 10, "holder", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=95, timeout=500), release(0, 20),
        acquire(2, 15, True, took=10, timeout=500), acquire(2, 30, True), release(2, 40), release(2, 50), actors=3)),
    ("nobody is overtaken in another month", [(0, 1, "nobody", 0), (1, 55, "holder", 0), (2, 1, "nobody", 0)], history(
        acquire(0, 0, True), acquire(1, 5, True, took=55, timeout=500),
        call(2, "acquire", FEB, at=15, answer=True), release(0, 20), actors=3)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "written"), [pytest.param(expected, written, id=what) for what, expected, written in CASES]
)
def test_waits(expected: list[Told], written: History) -> None:
    found = waits_of(written)
    assert [(actor, met, overtaken) for actor, _, met, overtaken in found] == [
        (actor, met, overtaken) for actor, _, met, overtaken in expected
    ]
    assert [took for _, took, _, _ in found] == pytest.approx([took for _, took, _, _ in expected])


@given(strategies.lists(strategies.tuples(*[strategies.integers(0, 9)] * 4), max_size=30))
def test_as_if_all_pairs_were_compared(drawn: list[tuple[int, int, int, int]]) -> None:
    parts: list[Part] = []
    free = [actor / 100 for actor in range(10)]  # no two things at one moment
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
