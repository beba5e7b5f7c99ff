"""Acquire, release and hold leave the session of the lock as they found it: its settings and its transaction status.

Two states are compared: before the first step, or when the session was opened later, and now.  They are compared only if the session can hold no
month now, since a lock may change its session while it holds: a row lock must stay in its transaction.
"""

from collections.abc import Iterator
from itertools import chain

from lock_harness.analysis.calls import Call
from lock_harness.analysis.session_states import describe_change
from lock_harness.analysis.spans import LastEndingSpans, spans_by
from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding, verdict
from lock_harness.core.history import SessionId
from lock_harness.core.verdict import Verdict


def session_unchanged(view: View) -> Verdict:
    """A session that holds nothing is as it was at first."""
    return verdict("session_unchanged", list(_changes(view)))


def _changes(view: View) -> Iterator[Finding]:
    inspections = [call for call in view.calls if call.verb == "inspect" and not view.may_fail(call)]
    if not inspections:
        return
    holds = spans_by(chain.from_iterable(view.possible_holds.values()), lambda span: span.session)
    cancelled = {event.session for event in view.history.events if event.fault == "cancel"}
    for call in inspections:
        # a cancel request may have hit the statement that would have restored the session
        if call.session in cancelled:
            continue
        if call.error is not None:
            why = f"actor {call.session.actor} could not run a statement in the session of the lock: {call.error}"
            yield Finding("violated", why, (call.number,))
        elif call.inspected and call.inspected[0] != call.inspected[1] and not _holds_any(holds, call):
            change = describe_change(*call.inspected)
            why = (
                f"the session of actor {call.session.actor} is not as it was at first, "
                f"although it holds nothing: {change}"
            )
            yield Finding("violated", why, (call.number,))


def _holds_any(holds: dict[SessionId, LastEndingSpans[SessionId]], call: Call) -> bool:
    """Whether the session may hold a month at some moment of `call`."""
    own = holds.get(call.session)
    return own is not None and own.overlapping(call.invoked_ns, call.until_ns) is not None
