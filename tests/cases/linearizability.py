"""Histories for the check of linearizability."""

from tests.histories import JAN, Case, acquire, call, fault, gone, history, kill

LINEARIZABLE: list[Case] = [
    ("holds", "a half-open session keeps the month until it is reset", history(
        acquire(0, 0, True), fault("half_open", 0, at=5, healed=3000), acquire(1, 2500, False),
        acquire(1, 3002, True))),
    ("violated", "a half-open session keeps the month longer than the bound after its reset", history(
        acquire(0, 0, True), fault("half_open", 0, at=5, healed=3000), acquire(1, 4100, False))),
    ("holds", "the session was ended while it was being closed", history(
        acquire(0, 0, True), call(0, "reopen", at=2, took=2), fault("reset", 0, at=3), acquire(1, 2.2, True, took=0.5),
        call(1, "release", JAN, at=2.9, answer=True))),
    ("holds", "the session was hit by a fault after it was closed", history(
        acquire(0, 0, True), call(0, "reopen", at=2, took=2), fault("deaf", 0, at=5, healed=50),
        acquire(1, 2.2, True, took=0.5), call(1, "release", JAN, at=2.9, answer=True))),
    ("violated", "granted to another session before the holder began to close", history(
        acquire(0, 0, True), call(0, "reopen", at=2, took=2), fault("reset", 0, at=3), acquire(1, 1, True, took=0.5),
        call(1, "release", JAN, at=1.6, answer=True))),
    ("holds", "one after the other", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), acquire(1, 4, True))),
    ("holds", "is_locked answers True twice during a slow acquire", history(
        acquire(0, 0, True, took=9), call(1, "is_locked", JAN, at=1, answer=True),
        call(1, "is_locked", JAN, at=5, answer=True))),
    ("violated", "is_locked answers True and then False during a slow acquire", history(
        acquire(0, 0, True, took=9), call(1, "is_locked", JAN, at=1, answer=True),
        call(1, "is_locked", JAN, at=5, answer=False))),
    ("holds", "is_locked answers True during the body of a hold", history(
        call(0, "hold", JAN, at=0, took=9, body=(1, 8), answer=True), call(1, "is_locked", JAN, at=4, answer=True))),
    ("violated", "is_locked answers False during the body of a hold", history(
        call(0, "hold", JAN, at=0, took=9, body=(1, 8), answer=True), call(1, "is_locked", JAN, at=4, answer=False))),
    ("holds", "an acquire that was cut short by a crash took effect", history(
        call(0, "acquire", JAN, at=0, took=None), kill(0, at=3), acquire(1, 4, False), acquire(1, 9, True))),
    ("violated", "an acquire that was cut short by a crash took effect twice", history(
        call(0, "acquire", JAN, at=0, took=None), kill(0, at=3), acquire(1, 4, False), acquire(1, 6, True),
        call(1, "release", JAN, at=8, answer=True), call(1, "is_locked", JAN, at=10, answer=True))),
    ("holds", "the client acquires the month again in a new session after its session was ended", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4),
        acquire(1, 5, True), acquire(0, 7, False))),
    ("violated", "released with success although the only connection had ended", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4), call(0, "release", JAN, at=7, answer=True))),
    ("holds", "granted on a connection that was opened while the fault ended the others", history(
        acquire(0, 0, True, took=9), fault("terminate", 0, at=3), gone(0, at=4),
        call(0, "release", JAN, at=11, answer=True))),
    ("holds", "granted and released before the server was seen to have ended the other connections", history(
        acquire(0, 0, True, took=3), fault("terminate", 0, at=2), call(0, "release", JAN, at=4, answer=True),
        gone(0, at=9), acquire(0, 10, True), call(0, "release", JAN, at=12, answer=True))),
    ("holds", "refused while a connection that was opened during the fault holds the month", history(
        acquire(0, 0, True, took=9), fault("terminate", 0, at=3), gone(0, at=4), acquire(1, 2000, False),
        call(0, "release", JAN, at=2002, answer=True), acquire(1, 2004, True))),
    ("violated", "granted twice to a connection that was opened during the fault, and once to another session", history(
        acquire(0, 0, True, took=9), fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 11, True),
        acquire(1, 13, True), call(0, "release", JAN, at=15, answer=True))),
    ("violated", "released twice although a connection that was opened during the fault got the month once", history(
        acquire(0, 0, True, took=9), fault("terminate", 0, at=3), gone(0, at=4),
        call(0, "release", JAN, at=11, answer=True), call(0, "release", JAN, at=13, answer=True))),
    ("violated", "released with success although the connections were ended again", history(
        acquire(0, 0, True, took=9), fault("terminate", 0, at=3), gone(0, at=4), fault("terminate", 0, at=11),
        gone(0, at=12), call(0, "release", JAN, at=14, answer=True))),
    ("holds", "granted to another session after the second of two faults", history(
        fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 5, True), fault("terminate", 0, at=7), gone(0, at=8),
        acquire(1, 10, True))),
    ("violated", "granted to another session before the second of two faults", history(
        fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 5, True), acquire(1, 7, True),
        fault("terminate", 0, at=9), gone(0, at=10))),
    ("violated", "refused to another session long after the second of two faults", history(
        fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 5, True), fault("terminate", 0, at=7), gone(0, at=8),
        acquire(1, 1100, False))),
]  # fmt: skip
