"""Wrong answers of `believes`: the client is mistaken about its own holds.

The answer True is wrong if the session can hold the month at no moment of the call.  A session that a fault ended holds
nothing from the moment when the server was seen to have ended it.  The answer False is wrong if the session definitely
held the month during the whole call.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from lock_harness.analysis.calls import Call
from lock_harness.analysis.holds import Span
from lock_harness.analysis.spans import spans_by
from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month


def false_beliefs(view: View) -> Iterator[Finding]:
    """Return a finding for each wrong answer of `believes`."""
    asked = [call for call in view.calls if call.verb == "believes" and call.answer is not None]
    if not asked:
        return
    definite = spans_by(view.holds, _session_and_month)
    noticed = (_until_noticed(view, span) for spans in view.possible_holds.values() for span in spans)
    possible = spans_by(noticed, _session_and_month)
    for call in asked:
        assert call.month is not None
        key, time = (call.session, call.month), (call.invoked_ns, call.until_ns)
        if call.answer and not (key in possible and possible[key].overlapping(*time)):
            yield Finding(
                "violated", f"the {call} answered True, but {_why_not_held(view, call)}", (call.number,)
            )
        elif not call.answer and key in definite and (span := definite[key].covering(*time)):
            why = f"the {call} answered False, but that session held it during the whole call"
            yield Finding("violated", why, (span.first, call.number))


def _until_noticed(view: View, span: Span) -> Span:
    """Return the possible hold, up to the time when the server was seen to have ended its session."""
    ends = view.session_ends.get(span.session, ())
    end = next((end for end in ends if span.ending == "death" and span.last == end.number), None)
    return replace(span, to_ns=end.latest_ns) if end else span


def _session_and_month(span: Span) -> tuple[SessionId, Month]:
    return span.session, span.month


def _why_not_held(view: View, call: Call) -> str:
    ends = view.session_ends.get(call.session)
    if ends and ends[0].latest_ns <= call.invoked_ns:
        return "the server had ended its session before"
    return "that session cannot have held it then"
