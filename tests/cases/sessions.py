"""Histories for the check of the lock's own session."""

from lock_harness.core.history import SessionState
from tests.histories import JAN, Case, Part, acquire, call, fault, gone, history

NEW: SessionState = ()
LEAKED: SessionState = ("lock_timeout=200",)
OPEN: SessionState = ("an open transaction",)


def inspect(at: float, before: SessionState, now: SessionState) -> Part:
    return call(0, "inspect", at=at, inspected=(before, now))


def release(at: float) -> Part:
    return call(0, "release", JAN, at=at, answer=True)


SESSION_UNCHANGED: list[Case] = [
    ("holds", "the session is as it was after acquire and release", history(
        acquire(0, 0, True), release(2), inspect(4, NEW, NEW))),
    ("violated", "a setting was changed after acquire and release", history(
        acquire(0, 0, True), release(2), inspect(4, NEW, LEAKED))),
    ("violated", "a setting was changed by an acquire that was refused", history(
        acquire(1, 0, True), acquire(0, 2, False), inspect(4, NEW, LEAKED))),
    ("violated", "a setting has another value", history(
        acquire(0, 0, True), release(2), inspect(4, ("lock_timeout=100",), LEAKED))),
    ("violated", "a setting that the session had was reset", history(
        acquire(0, 0, True), release(2), inspect(4, LEAKED, NEW))),
    ("violated", "a transaction is open after the release", history(
        acquire(0, 0, True), release(2), inspect(4, NEW, OPEN))),
    ("holds", "a client that always begins a transaction had one before", history(
        acquire(0, 0, True), release(2), inspect(4, OPEN, OPEN))),
    ("holds", "a setting is changed and a transaction is open while the session holds the month", history(
        acquire(0, 0, True), inspect(2, NEW, LEAKED + OPEN))),
    ("holds", "the session may still hold the month after an error of acquire", history(
        call(0, "acquire", JAN, at=0, error="OSError: lost"), inspect(2, NEW, OPEN))),
    ("violated", "another session holds the month", history(acquire(1, 0, True), inspect(2, NEW, OPEN))),
    ("violated", "the release of one month left a transaction open in which a second month was held", history(
        acquire(0, 0, True), acquire(0, 2, True), release(4), release(6), inspect(8, NEW, OPEN))),
    ("holds", "one of two acquires was released", history(
        acquire(0, 0, True), acquire(0, 2, True), release(4), inspect(8, NEW, OPEN))),
    ("violated", "the lock left an aborted transaction", history(
        acquire(0, 0, True), release(2), call(0, "inspect", at=4, error="InFailedSqlTransaction: aborted"))),
    ("holds", "the session was ended before the inspection", history(
        fault("terminate", 0, at=3), gone(0, at=4), call(0, "inspect", at=5, error="AdminShutdown: ended"))),
    ("holds", "a cancel request hit the statement that would have reset the setting", history(
        acquire(0, 0, True), fault("cancel", 0, at=2.5), release(2), inspect(4000, NEW, LEAKED))),
]  # fmt: skip
