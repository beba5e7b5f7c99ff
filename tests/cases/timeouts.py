"""Histories for the checks of timeouts."""

from tests.histories import JAN, Case, acquire, call, fault, history, kill, stall

TIMEOUT_RETURNS_FALSE: list[Case] = [
    ("holds", "an acquire returns False", history(acquire(0, 0, True), acquire(1, 2, False))),
    ("violated", "an acquire raises an exception", history(
        acquire(0, 0, True), call(1, "acquire", JAN, at=2, error="LockNotAvailable: canceling"))),
    ("holds", "an acquire raises an exception because its statement was cancelled", history(
        acquire(0, 0, True), call(1, "acquire", JAN, at=2, took=5, error="QueryCanceled"), fault("cancel", 1, at=4))),
    ("violated", "an acquire raises an exception while the statement of another actor was cancelled", history(
        acquire(0, 0, True), call(1, "acquire", JAN, at=2, took=5, error="QueryCanceled"), fault("cancel", 0, at=4))),
    ("violated", "an acquire raises an exception long after a cancel", history(
        acquire(0, 0, True), fault("cancel", 1, at=1), call(1, "acquire", JAN, at=1500, error="QueryCanceled"))),
    ("violated", "a hold raises an exception before its body", history(
        acquire(0, 0, True), call(1, "hold", JAN, at=2, error="LockNotAvailable: canceling"))),
    ("holds", "an acquire raises an exception because its session was ended", history(
        acquire(1, 5, None, error="gone"), fault("terminate", 1, at=3))),
    ("violated", "an acquire raises an exception before its session was ended", history(
        acquire(1, 0, None, error="gone"), fault("terminate", 1, at=3))),
]  # fmt: skip

TIMEOUT_NOT_EARLY: list[Case] = [
    ("holds", "an acquire gives up at its timeout", history(acquire(1, 0, False, took=200, timeout=200))),
    ("violated", "an acquire gives up just before its timeout", history(acquire(1, 0, False, took=199.9, timeout=200))),
    ("holds", "an acquire is granted before its timeout", history(acquire(1, 0, True, timeout=200))),
    ("violated", "a hold gives up before its timeout", history(
        call(1, "hold", JAN, at=0, took=3, timeout=20, answer=False))),
]  # fmt: skip

TIMEOUT_NOT_LATE: list[Case] = [
    ("holds", "an acquire gives up within the grace period", history(acquire(1, 0, False, took=299, timeout=200))),
    ("violated", "an acquire gives up after the grace period", history(acquire(1, 0, False, took=301, timeout=200))),
    ("violated", "an acquire is granted after the grace period", history(acquire(1, 0, True, took=301, timeout=200))),
    ("holds", "an acquire gives up late because its actor was stopped", history(
        acquire(1, 0, False, took=900, timeout=200), fault("pause", 1, at=50, healed=800))),
    ("violated", "an acquire gives up late and its actor was stopped only afterwards", history(
        acquire(1, 0, False, took=900, timeout=200), fault("pause", 1, at=950, healed=999))),
    ("unknown", "an acquire gives up late while the machine stalled", history(
        acquire(1, 0, False, took=301, timeout=200), stalls=(stall(100, 50),))),
    ("violated", "an acquire gives up late although the machine stalled only afterwards", history(
        acquire(1, 0, False, took=301, timeout=200), stalls=(stall(900, 50),))),
    ("violated", "an acquire gives up much later than a short stall explains", history(
        acquire(1, 0, False, took=3200, timeout=200), stalls=(stall(900, 50),))),
    ("holds", "a hold returns long after its timeout, since its body takes long", history(
        call(1, "hold", JAN, at=0, took=2503, body=(1, 2502), answer=True))),
    ("violated", "the body of a hold begins after the grace period", history(
        call(1, "hold", JAN, at=0, took=310, timeout=200, body=(301, 309), answer=True))),
    ("violated", "a hold returns long after its body", history(
        call(1, "hold", JAN, at=0, took=800, timeout=200, body=(1, 400), answer=True))),
    ("violated", "a hold never returns after its body", history(
        call(1, "hold", JAN, at=0, took=None, timeout=200, body=(1, 400)), gave_up=3500)),
    ("violated", "an acquire never returns", history(
        acquire(1, 0, False, took=None, timeout=200), gave_up=3500)),
    ("holds", "an acquire had just begun when the harness gave up on another call", history(
        acquire(1, 3400, False, took=None, timeout=200), gave_up=3500)),
    ("unknown", "an acquire never returns while the machine stalled", history(
        acquire(1, 0, False, took=None, timeout=200), gave_up=3500, stalls=(stall(3000, 900),))),
    ("holds", "an acquire was cut short by a crash", history(
        acquire(1, 0, False, took=None, timeout=200), kill(1, at=50), acquire(0, 3500, True))),
]  # fmt: skip
