"""Histories for the checks of answers and exceptions."""

from tests.histories import FEB, JAN, Case, acquire, call, fault, gone, history, kill

HONEST_RESULTS: list[Case] = [
    ("holds", "a release answers True before the server has ended the session", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), call(0, "release", JAN, at=5, answer=True),
        gone(0, at=9))),
    ("holds", "release of a held month answers True", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True))),
    ("violated", "release of a held month answers False", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=False))),
    ("holds", "release of a free month answers False", history(call(0, "release", JAN, at=2, answer=False))),
    ("violated", "release of a free month answers True", history(
        call(0, "release", JAN, at=2, answer=True))),
    ("holds", "two releases after two acquires answer True", history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=4, answer=True),
        call(0, "release", JAN, at=6, answer=True))),
    ("violated", "a third release after two acquires answers True", history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=4, answer=True),
        call(0, "release", JAN, at=6, answer=True), call(0, "release", JAN, at=8, answer=True))),
    ("holds", "release after an indeterminate acquire answers True", history(
        call(0, "acquire", JAN, at=0, error="OSError: lost"), call(0, "release", JAN, at=2, answer=True))),
    ("violated", "is_locked answers False for a held month", history(
        acquire(0, 0, True), call(1, "is_locked", JAN, at=2, answer=False))),
    ("violated", "is_locked answers True for a free month", history(call(1, "is_locked", JAN, at=2, answer=True))),
    ("holds", "is_locked answers True and then False during a release", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, took=5, answer=True),
        call(1, "is_locked", JAN, at=3, answer=True), call(1, "is_locked", JAN, at=5, answer=False))),
    ("holds", "is_locked answers True soon after the death of the holder", history(
        acquire(0, 0, True), kill(0, at=2), call(1, "is_locked", JAN, at=3, answer=True))),
    ("violated", "is_locked answers True long after the death of the holder", history(
        acquire(0, 0, True), kill(0, at=2), call(1, "is_locked", JAN, at=1500, answer=True))),
    ("violated", "the list omits a held month", history(
        acquire(0, 0, True), call(1, "list", at=2, listed=(FEB,)))),
    ("violated", "the list shows a free month", history(
        acquire(0, 0, True), call(1, "list", at=2, listed=(JAN, FEB)))),
    ("holds", "the list shows exactly the held month", history(
        acquire(0, 0, True), call(1, "list", at=2, listed=(JAN,)))),
    ("holds", "a release raises an exception because its session was ended", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), call(0, "release", JAN, at=5, error="gone"))),
    ("violated", "a release answers True in a session that was ended before", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4),
        call(0, "release", JAN, at=5, answer=True))),
    ("holds", "a release answers True for a month that was granted while the session was ended", history(
        acquire(0, 0, True, took=9), fault("terminate", 0, at=3), gone(0, at=4),
        call(0, "release", JAN, at=11, answer=True))),
    ("violated", "a release answers True although the session was ended again", history(
        acquire(0, 0, True, took=9), fault("terminate", 0, at=3), gone(0, at=4), fault("terminate", 0, at=11),
        gone(0, at=12), call(0, "release", JAN, at=13, answer=True))),
    ("holds", "a release answers True in a session that was ended during the call", history(
        acquire(0, 0, True), fault("terminate", 0, at=6), call(0, "release", JAN, at=5, took=3, answer=True))),
    ("violated", "a release never returns", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, took=None), gave_up=3000)),
    ("holds", "a release had just begun when the harness gave up on another call", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2950, took=None), gave_up=3000)),
    ("holds", "a release was cut short by a crash", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, took=None), kill(0, at=3), gave_up=3000)),
    ("violated", "a release raises an exception", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, error="KeyError: 1"))),
]  # fmt: skip

HONEST_RESULTS += [
    ("holds", "a client believes in the month that it holds", history(
        acquire(0, 0, True), call(0, "believes", JAN, at=2, answer=True))),
    ("violated", "a client does not believe in the month that it holds", history(
        acquire(0, 0, True), call(0, "believes", JAN, at=2, answer=False))),
    ("violated", "a client believes in a month that it has released", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), call(0, "believes", JAN, at=4, answer=True))),
    ("violated", "a client believes in the month of another session", history(
        acquire(1, 0, True), call(0, "believes", JAN, at=2, answer=True))),
    ("holds", "a client does not believe in the month of another session", history(
        acquire(1, 0, True), call(0, "believes", JAN, at=2, answer=False))),
    ("violated", "a client believes in its month after the server has ended its session", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4), call(0, "believes", JAN, at=5, answer=True))),
    ("holds", "a client believes in its month while the server ends its session", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=7), call(0, "believes", JAN, at=5, answer=True))),
    ("holds", "a client stops to believe while the server ends its session", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=7), call(0, "believes", JAN, at=5, answer=False))),
    ("holds", "a client believes in a month that was granted while its session was ended", history(
        acquire(0, 0, True, took=9), fault("terminate", 0, at=3), gone(0, at=4),
        call(0, "believes", JAN, at=11, answer=True))),
    ("violated", "a client believes in its month after the second of two faults", history(
        fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 5, True), fault("terminate", 0, at=7), gone(0, at=8),
        call(0, "believes", JAN, at=9, answer=True))),
    ("holds", "the question raises an exception because the session was ended", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4), call(0, "believes", JAN, at=5, error="gone"))),
    ("violated", "a client believes in a month that its last session held", history(
        acquire(0, 0, True), call(0, "reopen", at=2, took=2), call(0, "believes", JAN, at=5, incarnation=1, answer=True))),
    ("holds", "a client acquired the month again after its session was ended", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 5, True),
        call(0, "believes", JAN, at=7, answer=True))),
    ("holds", "an acquire raised an exception, so either answer may be true", history(
        call(0, "acquire", JAN, at=0, error="OSError: lost"), call(0, "believes", JAN, at=2, answer=True),
        call(0, "believes", JAN, at=4, answer=False))),
]  # fmt: skip

ERRORS_PRESERVED: list[Case] = [
    ("holds", "the exception of the body is raised", history(
        call(0, "hold", JAN, at=0, raises=True, body=(0.2, 0.3), answer=True, own_error=True))),
    ("violated", "the exception of the body is swallowed", history(
        call(0, "hold", JAN, at=0, raises=True, body=(0.2, 0.3), answer=True, own_error=False))),
    ("violated", "the exception of the body is replaced", history(
        call(0, "hold", JAN, at=0, raises=True, body=(0.2, 0.3), error="OSError: no"))),
    ("holds", "the hold was refused and its body did not run", history(
        acquire(1, 0, True), call(0, "hold", JAN, at=2, raises=True, answer=False))),
    ("holds", "the body succeeds", history(
        call(0, "hold", JAN, at=0, body=(0.2, 0.3), answer=True))),
]  # fmt: skip
