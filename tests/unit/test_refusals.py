"""What a wrong refusal says about its cause."""

from lock_harness.analysis.view import View
from lock_harness.checks.independent_months import independent_months
from lock_harness.checks.refusals import ordinal
from lock_harness.core.history import History
from lock_harness.core.program import Month
from lock_harness.core.verdict import Bounds
from tests.histories import FEB, acquire, call, history

MARCH = Month(2090, 3)


def reason(given: History) -> str:
    return independent_months(View(given, Bounds())).why


def test_every_other_month_that_was_held_is_named() -> None:
    shared = history(
        call(0, "acquire", FEB, at=0, answer=True),
        call(0, "acquire", MARCH, at=2, answer=True),
        acquire(1, 5, False),
    )
    assert reason(shared).startswith(
        "2090-01 was refused to actor 1 although only other months, 2090-02 and 2090-03, were held"
    )
    one = history(call(0, "acquire", FEB, at=0, answer=True), acquire(1, 5, False))
    assert "although only another month, 2090-02, was held" in reason(one)
    assert "of any kind" not in reason(shared), "another session held the two"


def test_a_limit_of_the_months_of_one_session_is_told_from_a_key_that_two_months_share() -> None:
    two_held = (call(0, "acquire", FEB, at=0, answer=True), call(0, "acquire", MARCH, at=2, answer=True))
    refused = (*two_held, acquire(0, 5, False))
    assert reason(history(*refused)).endswith("; no session got a third month of any kind")
    three_held = (
        *two_held,
        call(1, "acquire", MARCH, at=30, answer=True),
        call(1, "acquire", FEB, at=32, answer=True),
        acquire(1, 34, True),
    )
    released = (call(0, "release", FEB, at=10, answer=True), call(0, "release", MARCH, at=12, answer=True))
    assert "of any kind" not in reason(history(*refused, *released, *three_held[2:]))


def test_a_number_is_written_as_an_ordinal() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 111)] == [
        "first", "second", "third", "4th", "11th", "12th", "13th", "21st", "22nd", "103rd", "111th",
    ]  # fmt: skip
