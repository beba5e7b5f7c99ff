"""Histories for the checks of wrong refusals."""

from tests.histories import FEB, JAN, Case, acquire, audit, call, fault, gone, history

GRANTS_FREE_MONTH: list[Case] = [
    ("holds", "refused while another session holds the month", history(acquire(0, 0, True), acquire(1, 2, False))),
    ("violated", "refused although the month was never held", history(acquire(1, 2, False))),
    ("violated", "refused after the release", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), acquire(1, 5, False))),
    ("holds", "refused during the release", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, took=9, answer=True), acquire(1, 5, False))),
    ("violated", "refused to a waiting session long after a release", history(
        acquire(0, 0, True), acquire(1, 1, False, took=1000, timeout=1000),
        call(0, "release", JAN, at=500, answer=True))),
    ("holds", "refused to a waiting session just after a release", history(
        acquire(0, 0, True), acquire(1, 1, False, took=1000, timeout=1000),
        call(0, "release", JAN, at=900, answer=True))),
    ("holds", "refused while an indeterminate acquire may hold the month", history(
        acquire(0, 0, True, took=None), acquire(1, 5, False))),
    ("violated", "refused to the session that holds the month", history(
        acquire(0, 0, True), acquire(0, 5, False))),
    ("violated", "refused to a waiting session long after another month was released", history(
        call(0, "acquire", FEB, at=0, answer=True), acquire(1, 2, False, took=1000, timeout=1000),
        call(0, "release", FEB, at=5, answer=True))),
    ("holds", "refused to a session because a connection that it lost during the call still holds the month", history(
        acquire(0, 0, False, took=60), fault("deaf", 0, at=3, healed=58), gone(0, at=70))),
    ("holds", "refused to a session because a connection that it lost before still holds the month", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), acquire(0, 5, False), gone(0, at=9))),
    ("violated", "refused to a session whose connection was lost, long after that", history(
        fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 2000, False))),
    ("violated", "refused to another session although the session that was lost had held nothing", history(
        fault("terminate", 0, at=3), gone(0, at=4), acquire(1, 5, False))),
]  # fmt: skip

INDEPENDENT_MONTHS: list[Case] = [
    ("violated", "refused while only another month is held", history(
        call(0, "acquire", FEB, at=0, answer=True), acquire(1, 5, False))),
    ("holds", "refused to a waiting session long after another month was released", history(
        call(0, "acquire", FEB, at=0, answer=True), acquire(1, 2, False, took=1000, timeout=1000),
        call(0, "release", FEB, at=5, answer=True))),
    ("holds", "granted while another month is held", history(
        call(0, "acquire", FEB, at=0, answer=True), acquire(1, 5, True))),
    ("violated", "two held months share one lock on the server", history(
        acquire(0, 0, True), audits=(audit([(0, JAN), (0, FEB)], [(0, "k")]),))),
    ("holds", "two held months have two locks on the server", history(
        acquire(0, 0, True), audits=(audit([(0, JAN), (0, FEB)], [(0, "k"), (0, "l")]),))),
    ("holds", "the lock under test uses no advisory locks", history(
        acquire(0, 0, True), audits=(audit([(0, JAN), (0, FEB)], []),))),
]  # fmt: skip
