"""Wrong answers of `believes`: the client is mistaken about its own holds.

The answer True is wrong if the session can hold the month at no moment of the call.  A session that a fault ended holds
nothing from the moment when the server was seen to have ended it.  The answer False is wrong if the session definitely
held the month during the whole call.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from lock_harness.analysis.calls import Call
from lock_harness.analysis.holds import Span
from lock_harness.analysis.spans import LastEndingSpans
from lock_harness.analysis.view import View
from lock_harness.checks.verdicts import Finding
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month

_Spans = dict[tuple[SessionId, Month], LastEndingSpans[int]]


def false_beliefs(view: View) -> Iterator[Finding]:
    """Return a finding for each wrong answer of `believes`."""
    asked = [call for call in view.calls if call.verb == "believes" and call.answer is not None]
    if not asked:
        return
    definite = _by_session_and_month(view.holds)
    possible = _by_session_and_month(
        _until_noticed(view, span) for spans in view.possible_holds.values() for span in spans
    )
    for call in asked:
        assert call.month is not None
        key = call.session, call.month
        if call.answer and not _overlaps(possible.get(key), call):
            yield Finding(
                "violated", f"the {call} answered True, but {_why_not_held(view, call)}", (call.number,)
            )
        elif not call.answer and (span := _covering(definite.get(key), call)):
            why = f"the {call} answered False, but that session held it during the whole call"
            yield Finding("violated", why, (span.first, call.number))


def _until_noticed(view: View, span: Span) -> Span:
    """Return the possible hold, up to the time when the server was seen to have ended its session."""
    end = view.session_ends.get(span.session)
    if end is None or span.ending != "death" or span.last != end.number:
        return span
    return replace(span, to_ns=end.latest_ns)


def _by_session_and_month(spans: Iterable[Span]) -> _Spans:
    found: dict[tuple[SessionId, Month], list[Span]] = {}
    for span in spans:
        found.setdefault((span.session, span.month), []).append(span)
    return {key: LastEndingSpans(some, lambda _: 0) for key, some in found.items()}


def _overlaps(spans: LastEndingSpans[int] | None, call: Call) -> bool:
    span = spans.before(call.until_ns) if spans else None
    return span is not None and span.to_ns > call.invoked_ns


def _covering(spans: LastEndingSpans[int] | None, call: Call) -> Span | None:
    span = spans.before(call.invoked_ns + 1) if spans else None
    return span if span and call.until_ns <= span.to_ns else None


def _why_not_held(view: View, call: Call) -> str:
    end = view.session_ends.get(call.session)
    if end and end.latest_ns <= call.invoked_ns:
        return "the server had ended its session before"
    return "that session cannot have held it then"
