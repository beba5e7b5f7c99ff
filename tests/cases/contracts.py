"""Histories of locks that declare a contract, by the check that judges them."""

from typing import Any

from msgspec.structs import replace

from lock_harness.core.contract import Contract
from lock_harness.core.history import Move
from tests.histories import (
    FEB,
    JAN,
    MS,
    ContractCase,
    acquire,
    audit,
    call,
    fault,
    gone,
    history,
    kill,
    stall,
)

REFUSED, ONCE, RAISES = (
    Contract(reentrant="refused"),
    Contract(reentrant="once"),
    Contract(reentrant="raises"),
)
SILENT, RELEASE_RAISES = Contract(release="silent"), Contract(release="raises")
THROWS = Contract(on_timeout="TimeoutError")
REPORTS, LEASE = Contract(reports_loss=True), Contract(lease_ms=500)
POLLS, TRIES_ONCE = Contract(late_ms=1000), Contract(hold_timeout=False)
ROWS = Contract(evidence="none")

TIMED_OUT: dict[str, Any] = {"answer": False, "error": "TimeoutError: no"}
HELD = call(0, "hold", JAN, at=0, took=9, body=(1, 6), answer=True)
TAKE = Move(0, 0, 0, "SELECT pg_try_advisory_lock(209001)", (0,))
UNLOCK = "SELECT pg_advisory_unlock(209001)"

KEEPS_CONTRACT: list[ContractCase] = [
    ("holds", "a second acquire is refused as declared", REFUSED, history(
        acquire(0, 0, True), acquire(0, 2, False))),
    ("violated", "a second acquire succeeds although it should be refused", REFUSED, history(
        acquire(0, 0, True), acquire(0, 2, True))),
    ("violated", "a hold of a held month succeeds although it should be refused", REFUSED, history(
        acquire(0, 0, True), call(0, "hold", JAN, at=2, body=(2.2, 2.3), answer=True))),
    ("holds", "an acquire after a release succeeds", REFUSED, history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), acquire(0, 4, True))),
    ("holds", "an acquire succeeds after one that may have failed", REFUSED, history(
        call(0, "acquire", JAN, at=0, error="OSError: lost"), acquire(0, 2, True))),
    ("holds", "a second acquire raises as declared", RAISES, history(
        acquire(0, 0, True), call(0, "acquire", JAN, at=2, answer=False, error="RuntimeError: mine"))),
    ("violated", "a second acquire answers False although it should raise", RAISES, history(
        acquire(0, 0, True), acquire(0, 2, False))),
    ("holds", "a timeout raises as declared", THROWS, history(
        acquire(0, 0, True), call(1, "acquire", JAN, at=2, **TIMED_OUT))),
    ("violated", "a timeout answers False although it should raise", THROWS, history(
        acquire(0, 0, True), acquire(1, 2, False))),
    ("holds", "an acquire of its own month need not raise the exception of a timeout", Contract(
        reentrant="refused", on_timeout="TimeoutError"), history(acquire(0, 0, True), acquire(0, 2, False))),
    ("violated", "a hold returns although its session ended in its body", REPORTS, history(
        HELD, fault("terminate", 0, at=2), gone(0, at=3))),
    ("violated", "a hold returns although a second fault came in its body", REPORTS, history(
        fault("terminate", 0, at=-4), gone(0, at=-3), HELD, fault("terminate", 0, at=2), gone(0, at=3))),
    ("holds", "a hold returns, and no contract promises that it reports a loss", Contract(), history(
        HELD, fault("terminate", 0, at=2), gone(0, at=3))),
    ("holds", "a hold raises because its session ended in its body", REPORTS, history(
        call(0, "hold", JAN, at=0, took=9, body=(1, 6), error="MonthLockLost: gone"),
        fault("terminate", 0, at=2), gone(0, at=3))),
    ("holds", "the server had not noticed the end of the session when the body ended", REPORTS, history(
        HELD, fault("terminate", 0, at=5), gone(0, at=7))),
    ("violated", "a hold returns although a fault stopped its release", REPORTS, replace(
        history(HELD, fault("terminate", 0, at=7, point="before"), gone(0, at=12)),
        moves=(TAKE, Move(int(6.5 * MS), 0, 0, UNLOCK, (0,))))),
    ("holds", "a fault stopped the second message after the body", REPORTS, replace(
        history(HELD, fault("terminate", 0, at=7, point="before"), gone(0, at=12)),
        moves=(TAKE, Move(int(6.2 * MS), 0, 0, UNLOCK, (0,)), Move(int(6.5 * MS), 0, 0, "COMMIT", (0,))))),
    ("holds", "the session ended after its release had taken effect", REPORTS, replace(
        history(HELD, fault("terminate", 0, at=7, point="after"), gone(0, at=12)),
        moves=(TAKE, Move(int(6.5 * MS), 0, 0, UNLOCK, (0,))))),
    ("holds", "the exception of the body is raised although the session ended", REPORTS, history(
        call(0, "hold", JAN, at=0, took=9, body=(1, 6), raises=True, answer=True, own_error=True),
        fault("terminate", 0, at=2), gone(0, at=3))),
]  # fmt: skip

TIMEOUT_RETURNS_FALSE: list[ContractCase] = [
    ("holds", "a timeout raises as declared", THROWS, history(
        acquire(0, 0, True), call(1, "acquire", JAN, at=2, **TIMED_OUT))),
    ("violated", "a timeout raises another exception than declared", THROWS, history(
        acquire(0, 0, True), call(1, "acquire", JAN, at=2, error="LockNotAvailable: no"))),
    ("holds", "a hold of the session's own month raises as declared", RAISES, history(
        acquire(0, 0, True), call(0, "hold", JAN, at=2, answer=False, error="RuntimeError: mine"))),
]  # fmt: skip

TIMEOUT_NOT_EARLY: list[ContractCase] = [
    ("holds", "a session is refused its own month at once", REFUSED, history(
        acquire(0, 0, True), acquire(0, 2, False, timeout=200))),
    ("violated", "another session is refused at once", REFUSED, history(
        acquire(0, 0, True), acquire(1, 2, False, timeout=200))),
    ("violated", "a declared exception comes before the timeout", THROWS, history(
        acquire(0, 0, True), call(1, "acquire", JAN, at=2, timeout=200, **TIMED_OUT))),
    ("holds", "a hold tries once as declared", TRIES_ONCE, history(
        acquire(0, 0, True), call(1, "hold", JAN, at=2, timeout=200, answer=False))),
    ("violated", "an acquire tries once although only hold may", TRIES_ONCE, history(
        acquire(0, 0, True), acquire(1, 2, False, timeout=200))),
]  # fmt: skip

TIMEOUT_NOT_LATE: list[ContractCase] = [
    ("holds", "an acquire is late by less than the granularity", POLLS, history(
        acquire(0, 0, True), acquire(1, 2, False, took=1250, timeout=200))),
    ("violated", "an acquire is later than the granularity", POLLS, history(
        acquire(0, 0, True), acquire(1, 2, False, took=1350, timeout=200))),
]  # fmt: skip

GRANTS_FREE_MONTH: list[ContractCase] = [
    ("holds", "a session is refused the month that it holds", REFUSED, history(
        acquire(0, 0, True), acquire(0, 2, False))),
    ("holds", "an exception after the end of the session looks like a declared one", RAISES, history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4),
        acquire(0, 5, False, error="OperationalError: the connection is closed"))),
    ("violated", "a declared exception although the month is free", THROWS, history(
        acquire(0, 5, False, error="TimeoutError: not free"))),
    ("violated", "a session is refused the month that it released", REFUSED, history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), acquire(0, 4, False))),
    ("violated", "a session is refused the month that it holds, and it should be counted", Contract(), history(
        acquire(0, 0, True), acquire(0, 2, False))),
    ("violated", "a month stays taken after a release without an answer", SILENT, history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=None), acquire(1, 4, False))),
    ("violated", "a month stays taken after one release of two acquires", ONCE, history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=4, answer=True),
        acquire(1, 6, False))),
    ("holds", "a month stays taken after one release of two acquires that count", Contract(), history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=4, answer=True),
        acquire(1, 6, False))),
    ("holds", "a lock that polls once a second gets the month a second later", POLLS, history(
        acquire(0, 0, True), acquire(1, 1, False, took=1200, timeout=1100),
        call(0, "release", JAN, at=100, answer=True))),
    ("violated", "a lock that polls once a second does not get the month in time", POLLS, history(
        acquire(0, 0, True), acquire(1, 1, False, took=1700, timeout=1650),
        call(0, "release", JAN, at=100, answer=True))),
]  # fmt: skip

MUTUAL_EXCLUSION: list[ContractCase] = [
    ("holds", "one release of two acquires frees the month as declared", ONCE, history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=4, answer=True),
        acquire(1, 6, True))),
    ("violated", "one release of two acquires frees the month, and it should be counted", Contract(), history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=4, answer=True),
        acquire(1, 6, True))),
    ("holds", "the end of a hold frees a month that was acquired before as declared", ONCE, history(
        acquire(0, 0, True), call(0, "hold", JAN, at=2, body=(2.2, 2.4), answer=True), acquire(1, 4, True))),
    ("violated", "another session gets the month in the body of such a hold", ONCE, history(
        acquire(0, 0, True), call(0, "hold", JAN, at=2, took=6, body=(2.2, 7), answer=True),
        acquire(1, 4, True))),
    ("holds", "a release without an answer frees the month", SILENT, history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=None), acquire(1, 4, True))),
    ("holds", "the lease of a stopped client ends", LEASE, history(
        acquire(0, 0, True), fault("pause", 0, at=2, healed=900), acquire(1, 600, True))),
    ("holds", "the lease of a client without its connection ends", LEASE, history(
        acquire(0, 0, True), fault("terminate", 0, at=2), gone(0, at=3), acquire(1, 600, True))),
    ("violated", "the lease of a client that runs ends", LEASE, history(
        acquire(0, 0, True), acquire(1, 600, True))),
    ("violated", "another gets the month long before the lease is over, while the machine stalled", LEASE, history(
        acquire(0, 0, True), acquire(1, 20, True), stalls=(stall(19, 15),))),
    ("unknown", "the lease of a client ends while the machine stalled", LEASE, history(
        acquire(0, 0, True), acquire(1, 600, True), stalls=(stall(550, 400),))),
    ("violated", "a client without a lease is stopped, and another gets its month", Contract(), history(
        acquire(0, 0, True), fault("pause", 0, at=2, healed=900), acquire(1, 600, True))),
]  # fmt: skip

AUTO_RELEASE: list[ContractCase] = [
    ("holds", "the lease of a dead client is not over", LEASE, history(
        acquire(0, 0, True), kill(0, at=2), acquire(1, 1400, False))),
    ("violated", "the lease of a dead client is over", LEASE, history(
        acquire(0, 0, True), kill(0, at=2), acquire(1, 1600, False))),
]  # fmt: skip

HONEST_RESULTS: list[ContractCase] = [
    ("holds", "a release of a month that is not held raises as declared", RELEASE_RAISES, history(
        call(0, "release", JAN, at=2, answer=False, error="RuntimeError: not held"))),
    ("violated", "a release of a held month raises although it should not", RELEASE_RAISES, history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, error="RuntimeError: not held"))),
    ("violated", "a release of a month that is not held does not raise", RELEASE_RAISES, history(
        call(0, "release", JAN, at=2, answer=True))),
    ("holds", "a release answers nothing as declared", SILENT, history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=None),
        call(0, "release", JAN, at=4, answer=None))),
]  # fmt: skip

LINEARIZABLE: list[ContractCase] = [
    ("holds", "a session is refused its own month", REFUSED, history(acquire(0, 0, True), acquire(0, 2, False))),
    ("violated", "a session gets its own month", REFUSED, history(acquire(0, 0, True), acquire(0, 2, True))),
    ("violated", "a session is refused its own month, and it should be counted", Contract(), history(
        acquire(0, 0, True), acquire(0, 2, False))),
    ("holds", "one release frees a month that was acquired twice", ONCE, history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=4, answer=True),
        acquire(1, 6, True))),
    ("violated", "a second release succeeds", ONCE, history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=4, answer=True),
        call(0, "release", JAN, at=6, answer=True))),
    ("violated", "a month is free although no release was called", SILENT, history(
        acquire(0, 0, True), call(1, "is_locked", JAN, at=4, answer=False))),
    ("holds", "a month is free after a release without an answer", SILENT, history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=None),
        call(1, "is_locked", JAN, at=4, answer=False))),
    ("violated", "a month is taken after a release without an answer", SILENT, history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=None),
        call(1, "is_locked", JAN, at=4, answer=True))),
    ("holds", "an earlier release without an answer released nothing", SILENT, history(
        call(0, "release", JAN, at=0, answer=None), acquire(0, 2, True), acquire(1, 4, False))),
]  # fmt: skip

NOTHING_LEFT_BEHIND: list[ContractCase] = [
    ("not applicable", "pg_locks does not show the lock", ROWS, history(
        acquire(0, 0, True), audits=(audit([(0, JAN)], [], sessions=0),))),
]  # fmt: skip

INDEPENDENT_MONTHS: list[ContractCase] = [
    ("holds", "one advisory lock guards the rows of two months", ROWS, history(
        acquire(0, 0, True), audits=(audit([(0, JAN), (0, FEB)], [(0, "1")]),))),
    ("violated", "one advisory lock stands for two months", Contract(), history(
        acquire(0, 0, True), audits=(audit([(0, JAN), (0, FEB)], [(0, "1")]),))),
]  # fmt: skip

ERRORS_PRESERVED: list[ContractCase] = [
    ("holds", "a hold is refused by a declared exception before its body", THROWS, history(
        acquire(1, 0, True), call(0, "hold", JAN, at=2, raises=True, **TIMED_OUT))),
]  # fmt: skip
