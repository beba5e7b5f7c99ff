"""The months that may be held after some events, according to the answers to the clients."""

import pytest

from lock_harness.analysis.sequential import held_after
from lock_harness.core.history import History
from lock_harness.core.program import Month
from tests.histories import FEB, JAN, acquire, call, fault, history, kill

CASES: list[tuple[str, list[tuple[int, Month]], History]] = [
    ("granted and not released", [(0, JAN)], history(acquire(0, 0, True))),
    ("granted and released", [], history(acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True))),
    ("the process was killed", [], history(acquire(0, 0, True), kill(0, at=5))),
    ("the answer was logged after the process was killed", [], history(
        acquire(0, 0, True, took=6), kill(0, at=5))),
    ("the session was closed", [], history(acquire(0, 0, True), call(0, "reopen", at=5))),
    ("the session was ended", [], history(acquire(0, 0, True), fault("terminate", 0, at=5))),
    ("granted after the session was ended, on another connection", [(0, FEB)], history(
        acquire(0, 0, True), fault("terminate", 0, at=5), call(0, "acquire", FEB, at=7, answer=True))),
    ("granted while the session was being ended", [(0, JAN)], history(
        acquire(0, 0, True, took=9), fault("terminate", 0, at=5))),
    ("granted between two faults", [], history(
        fault("terminate", 0, at=5), acquire(0, 7, True), fault("terminate", 0, at=9))),
    ("granted before a fault was healed", [], history(
        acquire(0, 0, True, took=9), fault("mute", 0, at=5, healed=20))),
    ("the session of another actor was ended", [(0, JAN)], history(
        acquire(0, 0, True), fault("terminate", 1, at=5))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("held", "given"), [pytest.param(held, given, id=what) for what, held, given in CASES]
)
def test_a_month_may_be_held_only_through_a_session_that_has_not_ended(
    held: list[tuple[int, Month]], given: History
) -> None:
    assert held_after(given.events) == tuple(held)
