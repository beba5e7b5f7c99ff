"""Stale beliefs: a client continues to believe that it holds a month after a fault has ended its session.

No lock that belongs to a session can prevent this, so it is measured and not judged; only what a client says when it
is asked (`believes`) is judged, by `honest_results`.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lock_harness.analysis.calls import Call
from lock_harness.analysis.holds import Span
from lock_harness.analysis.session_ends import SessionEnd
from lock_harness.analysis.view import View
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month


class Belief(NamedTuple):
    """A stale belief of the client of `session`, which acquired `month` by the call `first`.

    It begins when the server was asked to end the session, or when the network fault that ended it was healed.
    It ends, like a hold, when the client releases the month, opens a new session, or dies.  It also ends when a call
    returns an error, or an answer that the month is not held, or True from a new session, which begins a new claim.
    `shared_ns`: for how long during the belief another session definitely held the month.
    """

    session: SessionId
    month: Month
    from_ns: int
    to_ns: int
    first: int
    shared_ns: int


class _Claim(NamedTuple):
    """A time in which a client believes that it holds `month`, whether it does or not."""

    month: Month
    from_ns: int
    to_ns: int
    first: int


def beliefs(view: View) -> list[Belief]:
    """Return all stale beliefs of one history."""
    found: list[Belief] = []
    for session, end, calls in _ended_sessions(view):
        for month, from_ns, to_ns, first in _claims(calls, end, _end_ns(view, session)):
            stale_ns = max(from_ns, end.healed_ns)
            if stale_ns < to_ns:
                belief = Belief(
                    session=session,
                    month=month,
                    from_ns=stale_ns,
                    to_ns=to_ns,
                    first=first,
                    shared_ns=_held_by_others_ns(view.holds, session, month, stale_ns, to_ns),
                )
                found.append(belief)
    return found


def _ended_sessions(view: View) -> Iterator[tuple[SessionId, SessionEnd, list[Call]]]:
    """Return each end of a session, with the calls since the one before."""
    for session, ends in view.session_ends.items():
        calls = [call for call in view.calls if call.session == session]
        for end in ends:
            yield session, end, calls
            calls = [call for call in calls if call.invoked_ns >= end.latest_ns]


def _end_ns(view: View, session: SessionId) -> int:
    """Return when the client dies, or the history ends."""
    if kill := view.kills.get(session):
        return kill.at_ns
    return max(view.history.gave_up_ns or 0, view.history.events[-1].at_ns)


def _claims(calls: Iterable[Call], end: SessionEnd, end_ns: int) -> Iterator[_Claim]:
    """Return the claims of the client to months, through the session that ended.

    A month that was granted while the session was being ended, and then released with success, was held on a connection
    that the fault did not end.
    """
    latest_ns = end.latest_ns
    # the acquires that are not released yet
    held: dict[Month, list[Call]] = {}

    def end_claims(to_ns: int, months: Iterable[Month]) -> Iterator[_Claim]:
        for month in list(months):
            first = held.pop(month)[0]
            yield _Claim(month, from_ns=first.until_ns, to_ns=to_ns, first=first.number)

    for call in calls:
        if call.verb == "reopen":
            end_ns = call.invoked_ns
            break
        if call.verb == "hold" and call.month not in held:
            yield from _body(call, latest_ns, end_ns)
        elif call.verb == "release" and call.month in held:
            if call.answer and len(held[call.month]) > 1:
                held[call.month].pop()
            elif call.answer and held[call.month][0].until_ns > end.earliest_ns:
                held.pop(call.month)
            else:
                yield from end_claims(call.invoked_ns, [call.month])
        ended = [month for month in held if _ends_belief(call, month, latest_ns)]
        yield from end_claims(call.until_ns, ended)
        if call.verb == "acquire" and call.month and call.answer and call.invoked_ns < latest_ns:
            held.setdefault(call.month, []).append(call)
    yield from end_claims(end_ns, held)


def _body(call: Call, latest_ns: int, end_ns: int) -> Iterator[_Claim]:
    """Return the time in the body of a hold, as far as it was logged."""
    if call.month and call.entered_ns is not None and call.invoked_ns < latest_ns:
        left_ns = end_ns if call.left_ns is None else call.left_ns
        yield _Claim(call.month, from_ns=call.entered_ns, to_ns=left_ns, first=call.number)


def _ends_belief(call: Call, month: Month, latest_ns: int) -> bool:
    """Whether the return of `call` tells the client that it does not hold the month through the old session."""
    if call.returned_ns is None:
        return False
    if call.month == month and call.verb in ("acquire", "hold"):
        return not call.answer or call.invoked_ns >= latest_ns
    denied = call.verb in ("believes", "is_locked") and call.month == month and call.answer is False
    return call.error is not None or denied or (call.listed is not None and month not in call.listed)


def _held_by_others_ns(
    holds: Iterable[Span], session: SessionId, month: Month, from_ns: int, to_ns: int
) -> int:
    """Return for how long within this time other sessions held the month; `holds` is in the order of time."""
    total, since_ns = 0, from_ns
    for span in holds:
        if span.month == month and span.session != session and span.to_ns > since_ns:
            until_ns = min(to_ns, span.to_ns)
            total += max(0, until_ns - max(since_ns, span.from_ns))
            since_ns = max(since_ns, until_ns)
    return total
