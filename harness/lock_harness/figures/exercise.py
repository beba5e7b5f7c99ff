"""What an example exercised: counts for the summary, and the kinds of behaviour that it showed."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from lock_harness.analysis.calls import Call
from lock_harness.analysis.holds import Span
from lock_harness.analysis.view import View
from lock_harness.core.history import Event, SessionId
from lock_harness.core.program import Month
from lock_harness.core.run import Exercise

# a longer history shows few new kinds of behaviour, and would take long
MOST_CALLS = 2000


def exercise(view: View) -> Exercise:
    """Return what the example exercised."""
    last: dict[Month, Span] = {}
    handovers = 0
    for span in view.holds:
        before = last.get(span.month)
        handovers += before is not None and before.session != span.session
        last[span.month] = span
    faults = Counter(event.fault for event in view.history.events if event.kind == "fault" and event.fault)
    return Exercise(
        handovers=handovers,
        overlaps=sum(overlapping for _, _, overlapping in _neighbours(view.calls)),
        timeouts=sum(_timed_out_while_held(call, view) for call in view.calls),
        faults=dict(faults),
    )


def _timed_out_while_held(call: Call, view: View) -> bool:
    """Return whether the call waited for a month until its timeout ended, while another session held it."""
    if call.verb not in ("acquire", "hold") or call.answer is not False or not call.timeout_ms:
        return False
    return call.month is not None and bool(
        view.held_throughout(call.month, call.until_ns - 1_000_000, call.until_ns - 1)
    )


def behaviours(view: View) -> Iterator[str]:
    """Yield the kinds of behaviour that the example showed.

    One kind is two calls that follow each other on one month, with their answers, whether they belong to one session, and
    whether they overlap; another is a fault, with what its session was doing.  A kind that is new in a run says that
    further examples of its scenario are worth their time.
    """
    for before, call, overlapping in _neighbours(view.calls[:MOST_CALLS]):
        who = "same" if before.session == call.session else "other"
        yield f"{_outcome(before)} {who}{' overlapping' if overlapping else ''} {_outcome(call)}"
    yield from _faults(view.history.events[: 2 * MOST_CALLS])


def _neighbours(calls: tuple[Call, ...]) -> Iterator[tuple[Call, Call, bool]]:
    """Yield each call on a month with the one that began before it, and whether they are of two sessions and overlap."""
    by_month: dict[Month, list[Call]] = {}
    for call in calls:
        if call.month is not None:
            by_month.setdefault(call.month, []).append(call)
    for of_month in by_month.values():
        for before, call in pairwise(of_month):
            yield before, call, before.session != call.session and call.invoked_ns < before.until_ns


def _outcome(call: Call) -> str:
    if call.returned_ns is None:
        result = "cut short"
    elif call.error is not None:
        result = call.error.partition(":")[0]
    else:
        result = str(call.answer)
    return f"{call.verb}{' waiting' if call.timeout_ms else ''} {result}"


def _faults(events: tuple[Event, ...]) -> Iterator[str]:
    """Yield each fault with the last event of its session before it."""
    last: dict[SessionId, str] = {}
    for event in events:
        if event.kind == "fault":
            yield f"{event.fault} after {last.get(event.session, 'nothing')}"
        last[event.session] = f"{event.kind} {event.verb or event.fault} {event.answer}"
