"""How long each call waited for its month, and how often calls that began later got the month first.

The latter is overtaking.  A lock that bounds it has bounded waiting, or bounded bypass (M. Raynal, Concurrent
Programming, 2013).  PostgreSQL queues the sessions that wait inside it; a lock that polls has no queue.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from typing import NamedTuple

from lock_harness.analysis.calls import Call
from lock_harness.analysis.holds import Span
from lock_harness.analysis.view import View
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month


class Wait(NamedTuple):
    """One call that asked for a month that its session did not hold yet, and that was answered.

    took_ns    from the call until the month was granted; None if the call gave up
    met        whether another session definitely held the month meanwhile
    alone      whether no other session can have held it meanwhile
    overtaken  how often the month was granted, before the answer, to calls that began after this one
    """

    session: SessionId
    month: Month
    took_ns: int | None
    met: bool
    alone: bool
    overtaken: int


def waits(view: View) -> list[Wait]:
    """Return all waits, the latest call first, without those whose actor was stopped or slowed meanwhile."""
    grants = _grants(view.holds)
    possible = {month: _HoldsOfMonth(spans) for month, spans in view.possible_holds.items()}
    definite = {
        month: _HoldsOfMonth(span for span in view.holds if span.month == month) for month in possible
    }
    # the sorted times of the grants to calls that began after the current one
    granted_later: dict[Month, list[int]] = {}
    found: list[Wait] = []
    for call in reversed(view.calls):
        granted_ns = grants.get((call.session, call.number))
        ended_ns = call.until_ns if granted_ns is None else granted_ns
        if call.month is None or not _is_wait(call, granted_ns):
            continue
        later = granted_later.setdefault(call.month, [])
        if not view.delays.slowed(call):
            waited = call.session, call.invoked_ns, ended_ns
            wait = Wait(
                session=call.session,
                month=call.month,
                took_ns=None if granted_ns is None else granted_ns - call.invoked_ns,
                met=call.month in definite and definite[call.month].any_other(*waited),
                alone=call.month not in possible or not possible[call.month].any_other(*waited),
                overtaken=bisect_left(later, ended_ns),
            )
            found.append(wait)
        if granted_ns is not None:
            insort(later, granted_ns)
    return found


def _is_wait(call: Call, granted_ns: int | None) -> bool:
    return granted_ns is not None or (call.verb in ("acquire", "hold") and call.answer is False)


def _grants(holds: Iterable[Span]) -> dict[tuple[SessionId, int], int]:
    """Return when each call was granted the month, without those whose session held it already.

    `holds` is in the order of time.
    """
    grants: dict[tuple[SessionId, int], int] = {}
    until: dict[tuple[SessionId, Month], int] = {}
    for span in holds:
        held_until = until.get((span.session, span.month), 0)
        if span.from_ns >= held_until:
            grants[span.session, span.first] = span.from_ns
        until[span.session, span.month] = max(held_until, span.to_ns)
    return grants


class _HoldsOfMonth:
    """The spans in which sessions held one month, indexed to find a span of another session within some time."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans, key=lambda span: span.from_ns)
        self._starts = [span.from_ns for span in ordered]
        # up to each start: the latest end, its session, and the latest end of the other sessions
        self._ends: list[tuple[int, SessionId, int]] = []
        latest, holder, others = 0, SessionId(-1, -1), 0
        for span in ordered:
            if span.session == holder:
                latest = max(latest, span.to_ns)
            elif span.to_ns > latest:
                latest, holder, others = span.to_ns, span.session, latest
            else:
                others = max(others, span.to_ns)
            self._ends.append((latest, holder, others))

    def any_other(self, session: SessionId, from_ns: int, to_ns: int) -> bool:
        """Whether a session other than `session` held the month within this time."""
        begun = bisect_right(self._starts, to_ns)
        if not begun:
            return False
        latest, holder, others = self._ends[begun - 1]
        return (others if holder == session else latest) > from_ns
