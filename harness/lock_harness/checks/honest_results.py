"""The answers of `release`, `believes`, `is_locked` and `list` are true, and these calls return without an error."""

from collections.abc import Iterator

from lock_harness.analysis.calls import Call
from lock_harness.analysis.view import View
from lock_harness.checks.beliefs import false_beliefs
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.program import Month
from lock_harness.core.verdict import Verdict


def honest_results(view: View) -> Verdict:
    """Every answer was true at some moment of its call."""
    found = [*_false_releases(view), *false_beliefs(view), *_errors(view), *_hanging_calls(view)]
    for call in view.calls:
        if call.verb == "is_locked" and call.month and call.answer is not None:
            found.extend(_false_claim(view, call, call.month, locked=call.answer))
        elif call.verb == "list" and call.listed is not None:
            for month in view.history.months:
                found.extend(_false_claim(view, call, month, locked=month in call.listed))
    return verdict("honest_results", found)


def _false_releases(view: View) -> Iterator[Finding]:
    for call in view.calls:
        count = view.counts.get(call.number)
        if call.verb == "release" and count is not None and call.answer not in (None, count > 0):
            held = f"held it {count} times" if count > 1 else "held it" if count else "did not hold it"
            why = f"the {call} answered {call.answer} although that session {held}"
            yield Finding("violated", why, (call.number,))


def _errors(view: View) -> Iterator[Finding]:
    for call in view.calls:
        if call.error and call.verb not in ("acquire", "hold", "inspect") and not view.may_fail(call):
            yield Finding("violated", f"the {call} raised an exception: {call.error}", (call.number,))


def _hanging_calls(view: View) -> Iterator[Finding]:
    """Find the calls that never returned.

    Not those with a timeout, which `timeout_not_late` judges, and not those that had only begun when the harness gave up
    on another call.
    """
    gave_up_ns, bound_ns = view.history.gave_up_ns, view.bounds.late_ms * 1_000_000
    for call in view.calls:
        hangs = view.hangs(call) and call.verb not in ("acquire", "hold")
        if hangs and gave_up_ns is not None and (late_ns := gave_up_ns - call.invoked_ns) > bound_ns:
            by_far = view.delays.missed_by_far(
                call, call.invoked_ns, gave_up_ns, late_ns=late_ns, bound_ns=bound_ns
            )
            why = f"the {call} never answered"
            yield Finding("violated", why, (call.number,), timed=True, by_far=by_far)


def _false_claim(view: View, call: Call, month: Month, *, locked: bool) -> Iterator[Finding]:
    """Check the claim of `call` that `month` was locked, or was free, at some moment of the call."""
    if locked:
        span = view.possibly_held(month, call.until_ns)
        if span is None or span.to_ns <= call.invoked_ns:
            why = f"the {call} answered that {month} is locked, but no session can have held it then"
            # a session that ended releases its months within the bound: that is an upper bound on time
            yield Finding("violated", why, (call.number,), timed=month in view.held_at_session_end)
    elif holder := view.held_throughout(month, call.invoked_ns, call.until_ns):
        why = (
            f"the {call} answered that {month} is free, "
            f"but actor {holder.session.actor} held it during the whole call"
        )
        yield Finding("violated", why, (holder.first, call.number))
