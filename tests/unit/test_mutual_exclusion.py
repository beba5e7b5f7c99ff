"""Of two holders at once it is said what the history proves about them."""

import pytest

from lock_harness.analysis.view import View
from lock_harness.checks.mutual_exclusion import mutual_exclusion
from lock_harness.core.history import History
from lock_harness.core.verdict import Bounds
from tests.histories import FEB, JAN, acquire, audit, call, fault, gone, history

BOTH = acquire(0, 0, True), acquire(1, 5, True), call(0, "release", JAN, at=30, answer=True)
CLAIMED_ON = (
    acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4), acquire(1, 5, True), acquire(0, 9, True),
    call(1, "release", JAN, at=30, answer=True))  # fmt: skip
HELD = [(0, JAN), (1, JAN)]

WHOSE: list[tuple[str, str, tuple[int, ...], History]] = [
    ("the server let both in", "for 24.0 ms; the server had granted one lock to both", (0, 1), history(
        *BOTH, audits=(audit(HELD, [(0, "k"), (1, "k")], at=20),))),
    ("the server had let one go", "; the server had no advisory lock for actor 0", (0, 1), history(
        *BOTH, audits=(audit(HELD, [(1, "k")], at=20),))),
    ("the server had let the other go", "; the server had no advisory lock for actor 1", (0, 1), history(
        *BOTH, audits=(audit(HELD, [(0, "k")], at=20),))),
    ("nobody has an advisory lock", "; the server had no advisory lock for either", (0, 1), history(
        *BOTH, audits=(audit(HELD, [], at=20),))),
    ("two locks, of which months nobody can say", "; no fault had ended either session", (0, 1), history(
        *BOTH, audits=(audit(HELD, [(0, "k"), (1, "l")], at=20),))),
    ("the server was asked too early", "; no fault had ended either session", (0, 1), history(
        *BOTH, audits=(audit([(0, JAN)], [(0, "k")], at=3),))),
    ("the server was asked too late", "; no fault had ended either session", (0, 1), history(
        *BOTH, audits=(audit([(1, JAN)], [(1, "k")], at=40),))),
    ("the server cannot tell who is who", "; no fault had ended either session", (0, 1), history(
        *BOTH, audits=(audit(HELD, [(1, "k")], sessions=1, at=20),))),
    ("nobody asked the server", "for 24.0 ms; no fault had ended either session", (0, 1), history(*BOTH)),
    ("the session is ended only later", "for 4.0 ms; no fault had ended either session", (0, 1), history(
        acquire(0, 0, True), acquire(1, 5, True), fault("terminate", 0, at=10))),
    ("a client believes on", "for 20.0 ms; actor 0 claimed it 7.0 ms after its session was ended", (3, 4, 1),
     history(*CLAIMED_ON)),
    ("and the server knows nothing of it",
     "; actor 0 claimed it 7.0 ms after its session was ended; the server had no advisory lock for actor 0",
     (3, 4, 1), history(*CLAIMED_ON, audits=(audit(HELD, [(1, "k")], at=20),))),
    ("in the new session the server let it in",
     "; actor 0 claimed it 7.0 ms after its session was ended; the server had granted one lock to both",
     (3, 4, 1), history(*CLAIMED_ON, audits=(audit(HELD, [(0, "k"), (1, "k")], at=20),))),
    ("both believe on",
     "; actor 1 claimed it 7.0 ms after its session was ended; actor 0 claimed it 17.0 ms after its session was ended",
     (4, 5, 2, 1), history(
         acquire(0, 0, True), fault("terminate", 0, at=3) + gone(0, at=4),
         fault("terminate", 1, at=3) + gone(1, at=4), call(1, "release", FEB, at=5, answer=False),
         acquire(1, 9, True), acquire(0, 19, True))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "evidence", "given"),
    [pytest.param(words, evidence, given, id=what) for what, words, evidence, given in WHOSE],
)
def test_of_two_holders_is_said_what_the_history_proves(
    words: str, evidence: tuple[int, ...], given: History
) -> None:
    verdict = mutual_exclusion(View(given, Bounds()))
    assert verdict.why.endswith(words)
    assert verdict.evidence == evidence
