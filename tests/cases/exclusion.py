"""Histories for the checks of concurrent holders."""

from tests.histories import FEB, JAN, Case, acquire, call, fault, gone, history, kill

MUTUAL_EXCLUSION: list[Case] = [
    ("holds", "one after the other", history(
        acquire(0, 0, True), call(0, "release", JAN, at=5, answer=True), acquire(1, 7, True))),
    ("violated", "both at the same time", history(acquire(0, 0, True), acquire(1, 5, True))),
    ("holds", "the second session may have been granted the month after the release was called", history(
        acquire(0, 0, True), call(0, "release", JAN, at=5, took=9, answer=True), acquire(1, 6, True))),
    ("holds", "the holder dies first", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 6, True))),
    ("violated", "the holder dies after the second session was granted the month", history(
        acquire(0, 0, True), acquire(1, 3, True), kill(0, at=5))),
    ("holds", "the holder closes its session first", history(
        acquire(0, 0, True), call(0, "reopen", at=5, took=9), acquire(1, 6, True))),
    ("holds", "one session acquires the month twice", history(acquire(0, 0, True), acquire(0, 5, True))),
    ("violated", "acquired twice and released once", history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=5, answer=True),
        acquire(1, 7, True))),
    ("holds", "two sessions hold different months", history(
        acquire(0, 0, True), call(1, "acquire", FEB, at=2, answer=True))),
    ("violated", "the body of a hold runs while another session holds the month", history(
        acquire(0, 0, True), call(1, "hold", JAN, at=2, took=5, body=(3, 6), answer=True))),
    ("violated", "the body of a hold that never ended", history(
        call(1, "hold", JAN, at=0, took=None, body=(1, None)),
        acquire(0, 5, True))),
    ("holds", "the actor was killed in the body of its hold first", history(
        call(1, "hold", JAN, at=0, took=None, body=(1, None)),
        kill(1, at=3), acquire(0, 5, True))),
    ("violated", "overlaps an older hold, with a hold of another month between them", history(
        acquire(0, 0, True), call(1, "hold", FEB, at=2, took=2, body=(3, 3.5), answer=True),
        acquire(1, 90, True))),
    ("holds", "the server ended the holder's session first", history(
        acquire(0, 0, True), fault("terminate", 0, at=4), acquire(1, 5, True))),
    ("violated", "the server ended the holder's session after the second session was granted the month", history(
        acquire(0, 0, True), acquire(1, 5, True), fault("terminate", 0, at=7))),
    ("holds", "granted in a session that was ended during the call", history(
        acquire(0, 0, True, took=5), fault("terminate", 0, at=3), acquire(1, 6, True))),
    ("holds", "granted before the server had ended the session", history(
        fault("terminate", 0, at=0), acquire(0, 1, True), gone(0, at=5), acquire(1, 6, True))),
    ("violated", "the client reconnected after its session was ended and acquired the month again", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 5, True),
        acquire(1, 8, True))),
    ("holds", "a second fault ended the session with which the client had acquired the month again", history(
        fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 5, True), fault("terminate", 0, at=7), gone(0, at=8),
        acquire(1, 9, True))),
    ("violated", "a second fault came after another session had been granted the month", history(
        fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 5, True), acquire(1, 7, True),
        fault("terminate", 0, at=9), gone(0, at=10))),
    ("violated", "the client acquired the month once more after the second of two faults", history(
        fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 5, True), fault("terminate", 0, at=7), gone(0, at=8),
        acquire(0, 9, True), acquire(1, 11, True))),
    ("holds", "the body of a hold continued after its session was ended", history(
        call(0, "hold", JAN, at=0, took=20, body=(1, 19), answer=True),
        fault("terminate", 0, at=5), acquire(1, 10, True))),
    ("holds", "the session was ended during a release of the month", history(
        acquire(0, 0, True), call(0, "release", JAN, at=5, took=10, answer=True), fault("terminate", 0, at=10),
        acquire(1, 6, True))),
    ("holds", "the session was ended while it was being closed", history(
        acquire(0, 0, True), call(0, "reopen", at=5, took=10), fault("terminate", 0, at=10), acquire(1, 6, True))),
    ("holds", "the client noticed the end of its session late", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), acquire(1, 5, True), call(0, "reopen", at=10))),
    ("holds", "the client released the month after its session was ended", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), acquire(1, 5, True),
        call(0, "release", JAN, at=10, error="gone"))),
    ("violated", "the session was ended during a release of another month", history(
        acquire(0, 0, True), call(0, "release", FEB, at=5, took=10, answer=True), fault("terminate", 0, at=10),
        acquire(1, 6, True))),
    ("violated", "a stopped actor keeps the month", history(
        acquire(0, 0, True), fault("pause", 0, at=4, healed=9), acquire(1, 5, True))),
]  # fmt: skip

NO_LOST_UPDATE: list[Case] = [
    ("holds", "each value is found once", history(
        call(0, "count", JAN, at=0, counted=0), call(1, "count", JAN, at=2, counted=1))),
    ("holds", "each month has its own number", history(
        call(0, "count", JAN, at=0, counted=0), call(1, "count", FEB, at=2, counted=0))),
    ("violated", "two actors find the same value", history(
        call(0, "count", JAN, at=0, counted=0), call(1, "count", JAN, at=2, counted=0))),
    ("holds", "an actor counted without knowing that its session was ended", history(
        fault("reset", 0, at=1), call(1, "count", JAN, at=3, counted=0), call(0, "count", JAN, at=2, took=3, counted=0))),
    ("holds", "the session was ended during the count", history(
        call(0, "count", JAN, at=0, took=3, counted=0), fault("reset", 0, at=1), call(1, "count", JAN, at=2, counted=0))),
    ("holds", "a count after session loss set the number back for two other actors", history(
        fault("reset", 0, at=0), call(0, "count", JAN, at=1, took=9, counted=0),
        call(1, "count", JAN, at=2, counted=1), call(2, "count", JAN, at=8, counted=1), actors=3)),
    ("violated", "the session was ended after the count", history(
        call(0, "count", JAN, at=0, counted=0), call(1, "count", JAN, at=2, counted=0), fault("reset", 0, at=5))),
    ("violated", "the count after session loss ended before the two counts", history(
        fault("reset", 0, at=0), call(0, "count", JAN, at=1, counted=0),
        call(1, "count", JAN, at=5, counted=1), call(2, "count", JAN, at=7, counted=1), actors=3)),
    ("violated", "the count after session loss was under another month", history(
        fault("reset", 0, at=0), call(0, "count", FEB, at=1, took=9, counted=0),
        call(1, "count", JAN, at=2, counted=0), call(2, "count", JAN, at=5, counted=0), actors=3)),
]  # fmt: skip
