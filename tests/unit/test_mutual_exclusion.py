"""The reasons and the evidence that `mutual_exclusion` gives for two overlapping holds."""

import pytest

from lock_harness.analysis.view import View
from lock_harness.checks.mutual_exclusion import mutual_exclusion
from lock_harness.core.history import History
from lock_harness.core.verdict import Bounds
from tests.histories import FEB, JAN, acquire, audit, call, fault, gone, history

# two overlapping holds, from 6 to 30 ms
BOTH = acquire(0, 0, True), acquire(1, 5, True), call(0, "release", JAN, at=30, answer=True)
# the client of actor 0 claims the month again after its session was ended
CLAIMED_AFTER_END = (
    acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4), acquire(1, 5, True), acquire(0, 9, True),
    call(1, "release", JAN, at=30, answer=True))  # fmt: skip
HELD = [(0, JAN), (1, JAN)]

REASONS: list[tuple[str, str, tuple[int, ...], History]] = [
    ("the server had granted the month to both", "for 24.0 ms; the server had granted one lock to both", (0, 1), history(
        *BOTH, audits=(audit(HELD, [(0, "k"), (1, "k")], at=20),))),
    ("the server had released the lock of actor 0", "; the server had no advisory lock for actor 0", (0, 1), history(
        *BOTH, audits=(audit(HELD, [(1, "k")], at=20),))),
    ("the server had released the lock of actor 1", "; the server had no advisory lock for actor 1", (0, 1), history(
        *BOTH, audits=(audit(HELD, [(0, "k")], at=20),))),
    ("neither session has an advisory lock", "; the server had no advisory lock for either", (0, 1), history(
        *BOTH, audits=(audit(HELD, [], at=20),))),
    ("each session has a lock of an unknown month", "; no fault had ended either session", (0, 1), history(
        *BOTH, audits=(audit(HELD, [(0, "k"), (1, "l")], at=20),))),
    ("the audit was before the overlap", "; no fault had ended either session", (0, 1), history(
        *BOTH, audits=(audit([(0, JAN)], [(0, "k")], at=3),))),
    ("the audit was after the overlap", "; no fault had ended either session", (0, 1), history(
        *BOTH, audits=(audit([(1, JAN)], [(1, "k")], at=40),))),
    ("the server cannot name the sessions", "; no fault had ended either session", (0, 1), history(
        *BOTH, audits=(audit(HELD, [(1, "k")], sessions=1, at=20),))),
    ("there was no audit", "for 24.0 ms; no fault had ended either session", (0, 1), history(*BOTH)),
    ("the session was ended only later", "for 4.0 ms; no fault had ended either session", (0, 1), history(
        acquire(0, 0, True), acquire(1, 5, True), fault("terminate", 0, at=10))),
    ("a client claims the month after its session was ended", "for 20.0 ms; actor 0 claimed it 7.0 ms after its session was ended", (3, 4, 1),
     history(*CLAIMED_AFTER_END)),
    ("a client claims the month after its session was ended, without a lock on the server",
     "; actor 0 claimed it 7.0 ms after its session was ended; the server had no advisory lock for actor 0",
     (3, 4, 1), history(*CLAIMED_AFTER_END, audits=(audit(HELD, [(1, "k")], at=20),))),
    ("a client claims the month after its session was ended, with a lock of its new session",
     "; actor 0 claimed it 7.0 ms after its session was ended; the server had granted one lock to both",
     (3, 4, 1), history(*CLAIMED_AFTER_END, audits=(audit(HELD, [(0, "k"), (1, "k")], at=20),))),
    ("both clients claim the month after their sessions were ended",
     "; actor 1 claimed it 7.0 ms after its session was ended; actor 0 claimed it 17.0 ms after its session was ended",
     (4, 5, 2, 1), history(
         acquire(0, 0, True), fault("terminate", 0, at=3) + gone(0, at=4),
         fault("terminate", 1, at=3) + gone(1, at=4), call(1, "release", FEB, at=5, answer=False),
         acquire(1, 9, True), acquire(0, 19, True))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "evidence", "given"),
    [pytest.param(reason, evidence, given, id=what) for what, reason, evidence, given in REASONS],
)
def test_an_overlap_is_reported_with_the_reason_that_the_history_proves(
    reason: str, evidence: tuple[int, ...], given: History
) -> None:
    verdict = mutual_exclusion(View(given, Bounds()))
    assert verdict.why.endswith(reason)
    assert verdict.evidence == evidence
