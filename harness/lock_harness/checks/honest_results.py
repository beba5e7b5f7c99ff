"""Answers are true: of release, of is_locked, of the list of all locks."""

from collections.abc import Iterator

from lock_harness.analysis.calls import Call
from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.program import Month
from lock_harness.core.verdict import Verdict


def honest_results(view: View) -> Verdict:
    found = [*_releases(view), *_errors(view), *_hung(view)]
    for call in view.calls:
        if call.verb == "is_locked" and call.month and call.answer is not None:
            found.extend(_claim(view, call, call.month, call.answer))
        elif call.verb == "list" and call.listed is not None:
            for month in view.history.months:
                found.extend(_claim(view, call, month, month in call.listed))
    return verdict("honest_results", found)


def _releases(view: View) -> Iterator[Finding]:
    for call in view.calls:
        count = view.counts.get(call.number)
        if call.verb == "release" and count is not None and call.answer not in (None, count > 0):
            held = f"held it {count} times" if count > 1 else "held it" if count else "did not hold it"
            why = f"the {call} answered {call.answer} although that session {held}"
            yield Finding("violated", why, (call.number,))


def _errors(view: View) -> Iterator[Finding]:
    for call in view.calls:
        if call.error and call.verb not in ("acquire", "hold") and not view.may_fail(call):
            yield Finding("violated", f"the {call} raised: {call.error}", (call.number,))


def _hung(view: View) -> Iterator[Finding]:
    """Calls other than those with a timeout, which `timeout_not_late` judges; not those just made, when others hang."""
    gave_up_ns, late_ns = view.history.gave_up_ns, view.bounds.late_ms * 1_000_000
    for call in view.calls:
        out = view.hangs(call) and call.verb not in ("acquire", "hold")
        if out and gave_up_ns is not None and gave_up_ns - call.invoked_ns > late_ns:
            yield Finding("violated", f"the {call} never answered", (call.number,), timed=True)


def _claim(view: View, call: Call, month: Month, locked: bool) -> Iterator[Finding]:
    """The claim that `month` is locked, or is not, at some moment of the call."""
    maybe = view.possibly_held(month, call.until_ns) if locked else None
    if locked and (maybe is None or maybe.to_ns <= call.invoked_ns):
        why = f"the {call} says that {month} is locked, but nobody can have held it then"
        ended = month in view.held_at_session_end
        yield Finding("violated", why, (call.number,), timed=ended)
    holder = None if locked else view.held_throughout(month, call.invoked_ns, call.until_ns)
    if holder:
        why = f"the {call} says that {month} is free, but actor {holder.session.actor} held it all the while"
        yield Finding("violated", why, (holder.first, call.number))
