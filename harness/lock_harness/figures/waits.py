"""How long those who asked for a month waited for it, and how often others who asked later were faster.

The latter is overtaking; a lock that bounds it has bounded waiting, or bounded bypass (M. Raynal, Concurrent
Programming, 2013).  PostgreSQL queues those who wait inside it; a lock that asks again and again has no queue.
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
    """One call that asked for a month which its session did not hold yet, and was answered.

    `took_ns`: until it was granted, or None if it gave up.  `met`: another session surely held the month
    meanwhile; `alone`: no other session can have held it.  `overtaken`: how often others were granted the
    month who had asked after this call and before its answer.
    """

    session: SessionId
    month: Month
    took_ns: int | None
    met: bool
    alone: bool
    overtaken: int


def waits(view: View) -> list[Wait]:
    """All such calls, latest first, but for those whose actor was stopped or slowed meanwhile."""
    grants = _grants(view.holds)
    sure = {
        month: _Rivals(span for span in view.holds if span.month == month) for month in view.possible_holds
    }
    maybe = {month: _Rivals(spans) for month, spans in view.possible_holds.items()}
    granted_later: dict[Month, list[int]] = {}  # sorted: when those were granted who asked after this call
    found: list[Wait] = []
    for call in reversed(view.calls):
        granted_ns = grants.get((call.session, call.number))
        ended_ns = call.until_ns if granted_ns is None else granted_ns
        if call.month is None or not _asks(call, granted_ns):
            continue
        later = granted_later.setdefault(call.month, [])
        if not view.delays.slowed(call):
            where = call.session, call.invoked_ns, ended_ns
            met = call.month in sure and sure[call.month].meet(*where)
            alone = call.month not in maybe or not maybe[call.month].meet(*where)
            took_ns = None if granted_ns is None else granted_ns - call.invoked_ns
            found.append(Wait(call.session, call.month, took_ns, met, alone, bisect_left(later, ended_ns)))
        if granted_ns is not None:
            insort(later, granted_ns)
    return found


def _asks(call: Call, granted_ns: int | None) -> bool:
    return granted_ns is not None or (call.verb in ("acquire", "hold") and call.answer is False)


def _grants(holds: Iterable[Span]) -> dict[tuple[SessionId, int], int]:
    """When each call was granted the month, without those whose session held it already; `holds` in order."""
    grants: dict[tuple[SessionId, int], int] = {}
    until: dict[tuple[SessionId, Month], int] = {}
    for span in holds:
        held_until = until.get((span.session, span.month), 0)
        if span.from_ns >= held_until:
            grants[span.session, span.first] = span.from_ns
        until[span.session, span.month] = max(held_until, span.to_ns)
    return grants


class _Rivals:
    """The spans in which sessions held one month, to ask whether any but one's own meets a stretch of time."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans, key=lambda span: span.from_ns)
        self._starts = [span.from_ns for span in ordered]
        self._ends: list[
            tuple[int, SessionId, int]
        ] = []  # so far: the latest end, whose, the latest of others
        latest, whose, others = 0, SessionId(-1, -1), 0
        for span in ordered:
            if span.session == whose:
                latest = max(latest, span.to_ns)
            elif span.to_ns > latest:
                latest, whose, others = span.to_ns, span.session, latest
            else:
                others = max(others, span.to_ns)
            self._ends.append((latest, whose, others))

    def meet(self, session: SessionId, from_ns: int, to_ns: int) -> bool:
        begun = bisect_right(self._starts, to_ns)
        if not begun:
            return False
        latest, whose, others = self._ends[begun - 1]
        return (others if whose == session else latest) > from_ns
