"""Each check against histories that it must accept and histories that it must refuse."""

from collections.abc import Callable

import pytest
from msgspec import structs

from lock_harness.analysis.view import View
from lock_harness.checks import CHECKS, judge, overall
from lock_harness.checks.auto_release import auto_release
from lock_harness.checks.errors_preserved import errors_preserved
from lock_harness.checks.grants_free_month import grants_free_month
from lock_harness.checks.honest_results import honest_results
from lock_harness.checks.independent_months import independent_months
from lock_harness.checks.linearizable import linearizable
from lock_harness.checks.mutual_exclusion import mutual_exclusion
from lock_harness.checks.no_lost_update import no_lost_update
from lock_harness.checks.nothing_left_behind import nothing_left_behind
from lock_harness.checks.timeout_not_early import timeout_not_early
from lock_harness.checks.timeout_not_late import timeout_not_late
from lock_harness.checks.timeout_returns_false import timeout_returns_false
from lock_harness.core.history import History, Move
from lock_harness.core.verdict import Bounds, Status, Verdict
from tests.histories import FEB, JAN, MS, acquire, audit, call, fault, gone, history, kill, lingers, stall

BOUNDS = Bounds()

Check = Callable[[View], Verdict]
NAMED = {check(View(history(), BOUNDS)).check: check for check in CHECKS}


CASES: list[tuple[Check, Status, str, History]] = [
    # two sessions, one month
    (mutual_exclusion, "holds", "one after the other", history(
        acquire(0, 0, True), call(0, "release", JAN, at=5, answer=True), acquire(1, 7, True))),
    (mutual_exclusion, "violated", "both at once", history(acquire(0, 0, True), acquire(1, 5, True))),
    (mutual_exclusion, "holds", "the second may have been granted after the release was called", history(
        acquire(0, 0, True), call(0, "release", JAN, at=5, took=9, answer=True), acquire(1, 6, True))),
    (mutual_exclusion, "holds", "the holder dies first", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 6, True))),
    (mutual_exclusion, "violated", "the holder dies, but too late", history(
        acquire(0, 0, True), acquire(1, 3, True), kill(0, at=5))),
    (mutual_exclusion, "holds", "the holder closes its session first", history(
        acquire(0, 0, True), call(0, "reopen", at=5, took=9), acquire(1, 6, True))),
    (mutual_exclusion, "holds", "one session takes it twice", history(acquire(0, 0, True), acquire(0, 5, True))),
    (mutual_exclusion, "violated", "taken twice, given back once", history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=5, answer=True),
        acquire(1, 7, True))),
    (mutual_exclusion, "holds", "different months", history(
        acquire(0, 0, True), call(1, "acquire", FEB, at=2, answer=True))),
    (mutual_exclusion, "violated", "the body of a wrapper runs meanwhile", history(
        acquire(0, 0, True), call(1, "hold", JAN, at=2, took=5, body=(3, 6), answer=True))),
    (mutual_exclusion, "violated", "a body that never ended", history(
        [*call(1, "hold", JAN, at=0, took=None)[:1],
         {"at": 1, "kind": "enter", "actor": 1, "incarnation": 0, "verb": "hold", "month": JAN}],
        acquire(0, 5, True))),
    (mutual_exclusion, "holds", "a body that was killed first", history(
        [*call(1, "hold", JAN, at=0, took=None)[:1],
         {"at": 1, "kind": "enter", "actor": 1, "incarnation": 0, "verb": "hold", "month": JAN}],
        kill(1, at=3), acquire(0, 5, True))),
    (mutual_exclusion, "violated", "behind a longer hold that came first", history(
        acquire(0, 0, True), call(1, "hold", FEB, at=2, took=2, body=(3, 3.5), answer=True),
        acquire(1, 90, True))),
    # a session ends
    (mutual_exclusion, "holds", "the server ended the first session", history(
        acquire(0, 0, True), fault("terminate", 0, at=4), acquire(1, 5, True))),
    (mutual_exclusion, "violated", "the server ended the first session too late", history(
        acquire(0, 0, True), acquire(1, 5, True), fault("terminate", 0, at=7))),
    (mutual_exclusion, "holds", "granted in a session that was ended meanwhile", history(
        acquire(0, 0, True, took=5), fault("terminate", 0, at=3), acquire(1, 6, True))),
    (mutual_exclusion, "holds", "granted before the server had come to end it", history(
        fault("terminate", 0, at=0), acquire(0, 1, True), gone(0, at=5), acquire(1, 6, True))),
    (honest_results, "holds", "released before the server had come to end it", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), call(0, "release", JAN, at=5, answer=True),
        gone(0, at=9))),
    (mutual_exclusion, "violated", "it connected anew by itself and took it again", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4), acquire(0, 5, True),
        acquire(1, 8, True))),
    (mutual_exclusion, "holds", "the body went on after its session was ended", history(
        call(0, "hold", JAN, at=0, took=20, body=(1, 19), answer=True),
        fault("terminate", 0, at=5), acquire(1, 10, True))),
    (mutual_exclusion, "holds", "it was giving the month back when its session was ended", history(
        acquire(0, 0, True), call(0, "release", JAN, at=5, took=10, answer=True), fault("terminate", 0, at=10),
        acquire(1, 6, True))),
    (mutual_exclusion, "holds", "it was closing when its session was ended", history(
        acquire(0, 0, True), call(0, "reopen", at=5, took=10), fault("terminate", 0, at=10), acquire(1, 6, True))),
    (mutual_exclusion, "holds", "its session was ended, and it noticed late", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), acquire(1, 5, True), call(0, "reopen", at=10))),
    (mutual_exclusion, "holds", "its session was ended, and it gave the month back late", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), acquire(1, 5, True),
        call(0, "release", JAN, at=10, error="gone"))),
    (mutual_exclusion, "violated", "it was giving another month back when its session was ended", history(
        acquire(0, 0, True), call(0, "release", FEB, at=5, took=10, answer=True), fault("terminate", 0, at=10),
        acquire(1, 6, True))),
    (mutual_exclusion, "violated", "a stopped worker holds on", history(
        acquire(0, 0, True), fault("pause", 0, at=4, healed=9), acquire(1, 5, True))),

    (no_lost_update, "holds", "each number is found once", history(
        call(0, "count", JAN, at=0, counted=0), call(1, "count", JAN, at=2, counted=1))),
    (no_lost_update, "holds", "another month, another number", history(
        call(0, "count", JAN, at=0, counted=0), call(1, "count", FEB, at=2, counted=0))),
    (no_lost_update, "violated", "both counted on from the same", history(
        call(0, "count", JAN, at=0, counted=0), call(1, "count", JAN, at=2, counted=0))),
    (no_lost_update, "holds", "one did not know yet that its session was ended", history(
        fault("reset", 0, at=1), call(1, "count", JAN, at=3, counted=0), call(0, "count", JAN, at=2, took=3, counted=0))),
    (no_lost_update, "holds", "its session was ended while it counted", history(
        call(0, "count", JAN, at=0, took=3, counted=0), fault("reset", 0, at=1), call(1, "count", JAN, at=2, counted=0))),
    (no_lost_update, "holds", "one whose session was ended set the number back for two others", history(
        fault("reset", 0, at=0), call(0, "count", JAN, at=1, took=9, counted=0),
        call(1, "count", JAN, at=2, counted=1), call(2, "count", JAN, at=8, counted=1), actors=3)),
    (no_lost_update, "violated", "it had counted before its session was ended", history(
        call(0, "count", JAN, at=0, counted=0), call(1, "count", JAN, at=2, counted=0), fault("reset", 0, at=5))),
    (no_lost_update, "violated", "who did not know it had long finished", history(
        fault("reset", 0, at=0), call(0, "count", JAN, at=1, counted=0),
        call(1, "count", JAN, at=5, counted=1), call(2, "count", JAN, at=7, counted=1), actors=3)),
    (no_lost_update, "violated", "who did not know it counted under another month", history(
        fault("reset", 0, at=0), call(0, "count", FEB, at=1, took=9, counted=0),
        call(1, "count", JAN, at=2, counted=0), call(2, "count", JAN, at=5, counted=0), actors=3)),

    (linearizable, "holds", "a half-open session keeps the month until it is reset", history(
        acquire(0, 0, True), fault("half_open", 0, at=5, healed=3000), acquire(1, 2500, False),
        acquire(1, 3002, True))),
    (linearizable, "violated", "but not longer than the server may take after that", history(
        acquire(0, 0, True), fault("half_open", 0, at=5, healed=3000), acquire(1, 4100, False))),
    (linearizable, "holds", "it was closing when its session was ended", history(
        acquire(0, 0, True), call(0, "reopen", at=2, took=2), fault("reset", 0, at=3), acquire(1, 2.2, True, took=0.5),
        call(1, "release", JAN, at=2.9, answer=True))),
    (linearizable, "holds", "it had closed its session when that was struck", history(
        acquire(0, 0, True), call(0, "reopen", at=2, took=2), fault("deaf", 0, at=5, healed=50),
        acquire(1, 2.2, True, took=0.5), call(1, "release", JAN, at=2.9, answer=True))),
    (linearizable, "violated", "it was not closing yet", history(
        acquire(0, 0, True), call(0, "reopen", at=2, took=2), fault("reset", 0, at=3), acquire(1, 1, True, took=0.5),
        call(1, "release", JAN, at=1.6, answer=True))),
    (linearizable, "holds", "one after the other", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), acquire(1, 4, True))),
    (linearizable, "holds", "each refused by the other's short hold", history(
        acquire(0, 0, True, took=9), call(1, "is_locked", JAN, at=1, answer=True),
        call(1, "is_locked", JAN, at=5, answer=True))),
    (linearizable, "violated", "held, and then free before anybody can have released it", history(
        acquire(0, 0, True, took=9), call(1, "is_locked", JAN, at=1, answer=True),
        call(1, "is_locked", JAN, at=5, answer=False))),
    (linearizable, "holds", "a wrapper, and a question during its body", history(
        call(0, "hold", JAN, at=0, took=9, body=(1, 8), answer=True), call(1, "is_locked", JAN, at=4, answer=True))),
    (linearizable, "violated", "a question during the body of a wrapper", history(
        call(0, "hold", JAN, at=0, took=9, body=(1, 8), answer=True), call(1, "is_locked", JAN, at=4, answer=False))),
    (linearizable, "holds", "what a crash cut off was granted", history(
        call(0, "acquire", JAN, at=0, took=None), kill(0, at=3), acquire(1, 4, False), acquire(1, 9, True))),
    (linearizable, "violated", "what a crash cut off came and went and came back", history(
        call(0, "acquire", JAN, at=0, took=None), kill(0, at=3), acquire(1, 4, False), acquire(1, 6, True),
        call(1, "release", JAN, at=8, answer=True), call(1, "is_locked", JAN, at=10, answer=True))),
    (linearizable, "holds", "its session was ended, and it took the month again in another", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4),
        acquire(1, 5, True), acquire(0, 7, False))),

    (auto_release, "violated", "the session was ended, but not what it held", history(
        acquire(0, 0, True), fault("terminate", 0, at=5), acquire(1, 1100, False))),
    (auto_release, "holds", "granted after the death of the holder", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 1100, True))),
    (auto_release, "violated", "refused more than the bound after the death", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 1100, False))),
    (auto_release, "holds", "refused before the bound", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 500, False))),
    (auto_release, "violated", "refused to a waiter although free for long at its end", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 500, False, took=1000, timeout=1000))),
    (auto_release, "unknown", "the same while the machine stalled", history(
        acquire(0, 0, True), kill(0, at=5), acquire(1, 500, False, took=1000, timeout=1000),
        stalls=(stall(1200, 100),))),
    (auto_release, "violated", "refused although the holder closed", history(
        acquire(0, 0, True), call(0, "reopen", at=5), acquire(1, 1100, False))),
    (auto_release, "holds", "refused because the new life holds it", history(
        acquire(0, 0, True), kill(0, at=5), acquire(0, 600, True, incarnation=1), acquire(1, 1100, False))),
    (auto_release, "violated", "what a cut acquire may have taken is free too", history(
        acquire(0, 0, True, took=None), kill(0, at=5), acquire(1, 1100, False))),
    (auto_release, "holds", "a server that nothing reaches cannot know", history(
        acquire(0, 0, True), fault("half_open", 0, at=5, healed=3000), acquire(1, 2500, False))),
    (auto_release, "violated", "and when it was reset it must", history(
        acquire(0, 0, True), fault("half_open", 0, at=5, healed=3000), acquire(1, 4100, False))),
    (auto_release, "violated", "the server still has the session of one who held", history(
        acquire(0, 0, True), kill(0, at=5, gone_after=None), lingers(0, at=1005))),
    (auto_release, "unknown", "the same while the machine stalled", history(
        acquire(0, 0, True), kill(0, at=5, gone_after=None), lingers(0, at=1005), stalls=(stall(900, 100),))),
    (auto_release, "holds", "the server still has the session of one who held nothing", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), kill(0, at=5, gone_after=None),
        lingers(0, at=1005))),
    # timeouts
    (timeout_returns_false, "holds", "False", history(acquire(0, 0, True), acquire(1, 2, False))),
    (timeout_returns_false, "violated", "an exception", history(
        acquire(0, 0, True), call(1, "acquire", JAN, at=2, error="LockNotAvailable: canceling"))),
    (timeout_returns_false, "holds", "an exception of a statement that was cancelled", history(
        acquire(0, 0, True), call(1, "acquire", JAN, at=2, took=5, error="QueryCanceled"), fault("cancel", 1, at=4))),
    (timeout_returns_false, "violated", "an exception, and another's statement was cancelled", history(
        acquire(0, 0, True), call(1, "acquire", JAN, at=2, took=5, error="QueryCanceled"), fault("cancel", 0, at=4))),
    (timeout_returns_false, "violated", "an exception long after a cancel", history(
        acquire(0, 0, True), fault("cancel", 1, at=1), call(1, "acquire", JAN, at=1500, error="QueryCanceled"))),
    (timeout_returns_false, "violated", "a wrapper that raises before its body", history(
        acquire(0, 0, True), call(1, "hold", JAN, at=2, error="LockNotAvailable: canceling"))),
    (timeout_not_early, "holds", "on time", history(acquire(1, 0, False, took=200, timeout=200))),
    (timeout_not_early, "violated", "early by a hair", history(acquire(1, 0, False, took=199.9, timeout=200))),
    (timeout_not_early, "holds", "granted early is no timeout", history(acquire(1, 0, True, timeout=200))),
    (timeout_not_early, "violated", "a wrapper that gives up early", history(
        call(1, "hold", JAN, at=0, took=3, timeout=20, answer=False))),
    (timeout_not_late, "holds", "a little late", history(acquire(1, 0, False, took=299, timeout=200))),
    (timeout_not_late, "violated", "late", history(acquire(1, 0, False, took=301, timeout=200))),
    (timeout_not_late, "violated", "granted late", history(acquire(1, 0, True, took=301, timeout=200))),
    (timeout_not_late, "holds", "late, as it was stopped meanwhile", history(
        acquire(1, 0, False, took=900, timeout=200), fault("pause", 1, at=50, healed=800))),
    (timeout_not_late, "violated", "late, and stopped only later", history(
        acquire(1, 0, False, took=900, timeout=200), fault("pause", 1, at=950, healed=999))),
    (timeout_returns_false, "holds", "an exception, as its session was ended", history(
        acquire(1, 5, None, error="gone"), fault("terminate", 1, at=3))),
    (timeout_returns_false, "violated", "an exception before its session was ended", history(
        acquire(1, 0, None, error="gone"), fault("terminate", 1, at=3))),
    (timeout_not_late, "unknown", "late while the machine stalled", history(
        acquire(1, 0, False, took=301, timeout=200), stalls=(stall(100, 50),))),
    (timeout_not_late, "violated", "the machine stalled at another time", history(
        acquire(1, 0, False, took=301, timeout=200), stalls=(stall(900, 50),))),
    (timeout_not_late, "violated", "a stall far too short for so much delay", history(
        acquire(1, 0, False, took=3200, timeout=200), stalls=(stall(900, 50),))),
    (timeout_not_late, "violated", "never returned", history(
        acquire(1, 0, False, took=None, timeout=200), gave_up=3500)),
    (timeout_not_late, "holds", "on its way when another's call was given up", history(
        acquire(1, 3400, False, took=None, timeout=200), gave_up=3500)),
    (timeout_not_late, "unknown", "never returned, while the machine stalled", history(
        acquire(1, 0, False, took=None, timeout=200), gave_up=3500, stalls=(stall(3000, 900),))),
    (timeout_not_late, "holds", "cut short by a crash", history(
        acquire(1, 0, False, took=None, timeout=200), kill(1, at=50), acquire(0, 3500, True))),
    # answers
    (honest_results, "holds", "release of what is held", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True))),
    (honest_results, "violated", "release of what is held says no", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=False))),
    (honest_results, "holds", "release of what is not held", history(call(0, "release", JAN, at=2, answer=False))),
    (honest_results, "violated", "release of what is not held says yes", history(
        call(0, "release", JAN, at=2, answer=True))),
    (honest_results, "holds", "two releases of two acquires", history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=4, answer=True),
        call(0, "release", JAN, at=6, answer=True))),
    (honest_results, "violated", "a third release says yes", history(
        acquire(0, 0, True), acquire(0, 2, True), call(0, "release", JAN, at=4, answer=True),
        call(0, "release", JAN, at=6, answer=True), call(0, "release", JAN, at=8, answer=True))),
    (honest_results, "holds", "after an acquire of unknown outcome both answers are right", history(
        call(0, "acquire", JAN, at=0, error="OSError: lost"), call(0, "release", JAN, at=2, answer=True))),
    (honest_results, "violated", "is_locked denies a hold", history(
        acquire(0, 0, True), call(1, "is_locked", JAN, at=2, answer=False))),
    (honest_results, "violated", "is_locked invents a hold", history(call(1, "is_locked", JAN, at=2, answer=True))),
    (honest_results, "holds", "is_locked while it is being released", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, took=5, answer=True),
        call(1, "is_locked", JAN, at=3, answer=True), call(1, "is_locked", JAN, at=5, answer=False))),
    (honest_results, "holds", "is_locked soon after a death", history(
        acquire(0, 0, True), kill(0, at=2), call(1, "is_locked", JAN, at=3, answer=True))),
    (honest_results, "violated", "is_locked long after a death", history(
        acquire(0, 0, True), kill(0, at=2), call(1, "is_locked", JAN, at=1500, answer=True))),
    (honest_results, "violated", "the list omits a held month", history(
        acquire(0, 0, True), call(1, "list", at=2, listed=(FEB,)))),
    (honest_results, "violated", "the list shows a free month", history(
        acquire(0, 0, True), call(1, "list", at=2, listed=(JAN, FEB)))),
    (honest_results, "holds", "the list is right", history(
        acquire(0, 0, True), call(1, "list", at=2, listed=(JAN,)))),
    (honest_results, "holds", "a release that raises in a session that was ended", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), call(0, "release", JAN, at=5, error="gone"))),
    (honest_results, "violated", "a release that says yes in a session that was ended before", history(
        acquire(0, 0, True), fault("terminate", 0, at=3), gone(0, at=4),
        call(0, "release", JAN, at=5, answer=True))),
    (honest_results, "holds", "a release that was ended meanwhile may say anything", history(
        acquire(0, 0, True), fault("terminate", 0, at=6), call(0, "release", JAN, at=5, took=3, answer=True))),
    (honest_results, "violated", "a release that never returns", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, took=None), gave_up=3000)),
    (honest_results, "holds", "a release on its way when another's call was given up", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2950, took=None), gave_up=3000)),
    (honest_results, "holds", "a release that a crash cut short", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, took=None), kill(0, at=3), gave_up=3000)),
    (honest_results, "violated", "a release that raises", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, error="KeyError: 1"))),
    # free months
    (grants_free_month, "holds", "refused while held", history(acquire(0, 0, True), acquire(1, 2, False))),
    (grants_free_month, "violated", "refused though never held", history(acquire(1, 2, False))),
    (grants_free_month, "violated", "refused after its release", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, answer=True), acquire(1, 5, False))),
    (grants_free_month, "holds", "refused while it was being released", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, took=9, answer=True), acquire(1, 5, False))),
    (grants_free_month, "violated", "a waiter is not let in by a release", history(
        acquire(0, 0, True), acquire(1, 1, False, took=1000, timeout=1000),
        call(0, "release", JAN, at=500, answer=True))),
    (grants_free_month, "holds", "a waiter whose time is over just after the release", history(
        acquire(0, 0, True), acquire(1, 1, False, took=1000, timeout=1000),
        call(0, "release", JAN, at=900, answer=True))),
    (grants_free_month, "holds", "somebody else may have it: nobody knows", history(
        acquire(0, 0, True, took=None), acquire(1, 5, False))),
    (grants_free_month, "violated", "refused to the session that holds it", history(
        acquire(0, 0, True), acquire(0, 5, False))),
    # months and months
    (independent_months, "violated", "refused while only another month is held", history(
        call(0, "acquire", FEB, at=0, answer=True), acquire(1, 5, False))),
    (independent_months, "holds", "granted while another month is held", history(
        call(0, "acquire", FEB, at=0, answer=True), acquire(1, 5, True))),
    (independent_months, "violated", "two months, one lock on the server", history(
        acquire(0, 0, True), audits=(audit([(0, JAN), (0, FEB)], [(0, "k")]),))),
    (independent_months, "holds", "two months, two locks on the server", history(
        acquire(0, 0, True), audits=(audit([(0, JAN), (0, FEB)], [(0, "k"), (0, "l")]),))),
    (independent_months, "holds", "a lock that is no advisory lock", history(
        acquire(0, 0, True), audits=(audit([(0, JAN), (0, FEB)], []),))),
    # wrappers
    (errors_preserved, "holds", "the body's error comes out", history(
        call(0, "hold", JAN, at=0, raises=True, body=(0.2, 0.3), answer=True, own_error=True))),
    (errors_preserved, "violated", "the body's error is swallowed", history(
        call(0, "hold", JAN, at=0, raises=True, body=(0.2, 0.3), answer=True, own_error=False))),
    (errors_preserved, "violated", "the body's error is replaced", history(
        call(0, "hold", JAN, at=0, raises=True, body=(0.2, 0.3), error="OSError: no"))),
    (errors_preserved, "holds", "not had in time: no body, no error", history(
        acquire(1, 0, True), call(0, "hold", JAN, at=2, raises=True, answer=False))),
    (errors_preserved, "holds", "a body that succeeds", history(
        call(0, "hold", JAN, at=0, body=(0.2, 0.3), answer=True))),
    # the server
    (nothing_left_behind, "holds", "the server has what the clients know", history(
        acquire(0, 0, True), audits=(audit([(0, JAN)], [(0, "k")]),))),
    (nothing_left_behind, "violated", "the server has more", history(
        acquire(0, 0, True), audits=(audit([], [(0, "k")]),))),
    (nothing_left_behind, "violated", "another session has it", history(
        acquire(0, 0, True), audits=(audit([(0, JAN)], [(1, "k")]),))),
    (nothing_left_behind, "unknown", "given up, and no call is to blame", history(
        acquire(0, 0, True), gave_up=8000)),
    (nothing_left_behind, "holds", "given up because of a call that hangs, which is for other checks", history(
        acquire(0, 0, True), call(0, "release", JAN, at=2, took=None), gave_up=8000)),
    (nothing_left_behind, "unknown", "sessions without a name", history(
        acquire(0, 0, True), audits=(audit([(0, JAN)], [], sessions=0),))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "status", "given"),
    [pytest.param(check, status, given, id=f"{what}") for check, status, what, given in CASES],
)
def test_check(check: Check, status: Status, given: History) -> None:
    verdict = check(View(given, BOUNDS))
    assert verdict.status == status, verdict.why
    assert NAMED[verdict.check] is check
    assert bool(verdict.why) == (status != "holds")


@pytest.mark.parametrize("name", NAMED)
def test_every_check_accepts_something_and_refuses_something(name: str) -> None:
    seen = {status for check, status, _, _ in CASES if check is NAMED[name]}
    assert {"holds", "violated"} <= seen


def test_an_empty_history_breaks_nothing() -> None:
    assert overall(judge(history(), BOUNDS)) == "holds"


def test_the_bound_for_release_can_be_wider() -> None:
    late = history(acquire(0, 0, True), kill(0, at=5), acquire(1, 1100, False))
    assert auto_release(View(late, Bounds(release_ms=3000))).status == "holds"


def test_violated_outweighs_unknown() -> None:
    mixed = history(
        acquire(0, 0, True),
        acquire(1, 5, True),
        acquire(1, 100, False, took=301, timeout=200),
        stalls=(stall(250, 50),),
    )
    assert overall(judge(mixed, BOUNDS)) == "violated"


def test_at_the_gate_others_excuse_a_late_answer_and_in_a_recorded_race_they_do_not() -> None:
    late = history(acquire(0, 0, True, took=500, timeout=20))
    for enabled, slowed in (((0, 1), True), ((), False)):
        moves = (Move(2 * MS, 1, 1, "ask", enabled),)
        view = View(structs.replace(late, moves=moves), BOUNDS)
        assert view.delays.slowed(view.calls[0]) is slowed
