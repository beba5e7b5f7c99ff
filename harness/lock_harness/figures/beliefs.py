"""Stale belief: a client goes on believing that it holds a month after a fault has ended its session.

No lock that lives in a session can prevent it, so it is measured and never judged.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lock_harness.analysis.calls import Call
from lock_harness.analysis.holds import Span
from lock_harness.analysis.view import View
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month


class Belief(NamedTuple):
    """`session` goes on believing that it holds `month`, which the call `first` was granted.

    It begins when the server was told to end the session, or when the network fault that ended it was over.
    It ends like a hold when the client gives the month back or opens a new session, or dies; or when a call
    returns that tells it otherwise: an error, or a False about the month; or when the client is told True
    by a new session, since that is a claim of its own.  `beside_ns`: for so long within it another session
    surely held the month.
    """

    session: SessionId
    month: Month
    from_ns: int
    to_ns: int
    first: int
    beside_ns: int


class _Claim(NamedTuple):
    """A client believes, rightly or not, that it holds `month`."""

    month: Month
    from_ns: int
    to_ns: int
    first: int


def beliefs(view: View) -> list[Belief]:
    """All stale beliefs of one history."""
    found: list[Belief] = []
    for session, cut in view.session_ends.items():
        calls = [call for call in view.calls if call.session == session]
        for month, from_ns, to_ns, first in _claims(calls, cut.latest_ns, _end_ns(view, session)):
            stale_ns = max(from_ns, cut.healed_ns)
            if stale_ns < to_ns:
                beside_ns = _beside_ns(view.holds, session, month, stale_ns, to_ns)
                found.append(Belief(session, month, stale_ns, to_ns, first, beside_ns))
    return found


def _end_ns(view: View, session: SessionId) -> int:
    """When the client dies, or the history ends."""
    if kill := view.kills.get(session):
        return kill.at_ns
    return max(view.history.gave_up_ns or 0, view.history.events[-1].at_ns)


def _claims(calls: Iterable[Call], latest_ns: int, end_ns: int) -> Iterator[_Claim]:
    """What the client believes to hold by virtue of the session that is gone since `latest_ns`."""
    held: dict[Month, list[Call]] = {}  # the acquires that are not given back yet

    def until(to_ns: int, months: Iterable[Month]) -> Iterator[_Claim]:
        for month in list(months):
            first = held.pop(month)[0]
            yield _Claim(month, first.until_ns, to_ns, first.number)

    for call in calls:
        if call.verb == "reopen":
            end_ns = call.invoked_ns
            break
        if call.verb == "hold" and call.month not in held:
            yield from _body(call, latest_ns, end_ns)
        elif call.verb == "release" and call.month in held:
            if call.answer and len(held[call.month]) > 1:
                held[call.month].pop()
            else:
                yield from until(call.invoked_ns, [call.month])
        yield from until(call.until_ns, [month for month in held if _ends(call, month, latest_ns)])
        if call.verb == "acquire" and call.month and call.answer and call.invoked_ns < latest_ns:
            held.setdefault(call.month, []).append(call)
    yield from until(end_ns, held)


def _body(call: Call, latest_ns: int, end_ns: int) -> Iterator[_Claim]:
    """The body of a hold, as far as it was seen."""
    if call.month and call.entered_ns is not None and call.invoked_ns < latest_ns:
        yield _Claim(
            call.month, call.entered_ns, end_ns if call.left_ns is None else call.left_ns, call.number
        )


def _ends(call: Call, month: Month, latest_ns: int) -> bool:
    """Whether its return tells the client something new about a month that it believes to hold."""
    if call.returned_ns is None:
        return False
    if call.month == month and call.verb in ("acquire", "hold"):
        return not call.answer or call.invoked_ns >= latest_ns
    denied = call.verb == "is_locked" and call.month == month and call.answer is False
    return call.error is not None or denied or (call.listed is not None and month not in call.listed)


def _beside_ns(holds: Iterable[Span], session: SessionId, month: Month, from_ns: int, to_ns: int) -> int:
    """For how long within this stretch others surely held the month; `holds` in the order of time."""
    total, since_ns = 0, from_ns
    for span in holds:
        if span.month == month and span.session != session and span.to_ns > since_ns:
            until_ns = min(to_ns, span.to_ns)
            total += max(0, until_ns - max(since_ns, span.from_ns))
            since_ns = max(since_ns, until_ns)
    return total
