"""A history arranged for judging: calls, holds, faults and stalls, and questions about them."""

from bisect import bisect_right
from functools import cached_property
from itertools import islice, takewhile

from lock_harness.analysis.calls import FOREVER, Call, calls_of
from lock_harness.analysis.holds import Latest, SessionEnd, Span, Walk
from lock_harness.core.fault import FAULTS
from lock_harness.core.history import Event, History, SessionId
from lock_harness.core.program import Month
from lock_harness.core.verdict import Bounds


class View:
    """One history and the bounds to judge it by.  Everything is computed once, when first asked for."""

    def __init__(self, history: History, bounds: Bounds) -> None:
        self.history = history
        self.bounds = bounds

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """All calls, in the order of their invocation."""
        return calls_of(self.history.events)

    @cached_property
    def kills(self) -> dict[SessionId, Event]:
        """The faults that ended a process."""
        return {
            event.session: event
            for event in self.history.events
            if event.fault and FAULTS[event.fault].ends_process
        }

    @cached_property
    def session_ends(self) -> dict[SessionId, SessionEnd]:
        """The sessions that a fault ended, while their processes live on."""
        session_ends: dict[SessionId, SessionEnd] = {}
        for event in self.history.events:
            if event.fault is not None and event.cuts_session:
                session = event.session
                cut = session_ends.get(session) or SessionEnd(event.at_ns, FOREVER, FOREVER, event.number)
                if event.kind == "heal" or not FAULTS[event.fault].lasting:
                    cut = cut._replace(healed_ns=min(event.at_ns, cut.healed_ns))
                session_ends[session] = cut
            elif event.kind == "gone" and (known := session_ends.get(event.session)):
                latest_ns = min(event.at_ns, known.latest_ns)
                session_ends[event.session] = known._replace(latest_ns=latest_ns)
        return session_ends

    def hangs(self, call: Call) -> bool:
        """Whether it had not returned in the end, although whoever called lived on."""
        return call.returned_ns is None and call.session not in self.kills

    def session_had_ended(self, call: Call) -> bool:
        """Whether the server ended the session before the call returned: then it need not answer."""
        cut = self.session_ends.get(call.session)
        return cut is not None and cut.earliest_ns < call.until_ns

    def may_fail(self, call: Call) -> bool:
        """Whether a fault excuses an error: the session was ended, or the statement cancelled."""
        # a cancel may hit a statement that began after it was sent
        late_ns = self.bounds.release_ms * 1_000_000
        return self.session_had_ended(call) or any(
            at_ns < call.until_ns and call.invoked_ns < at_ns + late_ns
            for at_ns in self._cancels.get(call.session.actor, ())
        )

    @cached_property
    def _cancels(self) -> dict[int, list[int]]:
        cancels: dict[int, list[int]] = {}
        for event in self.history.events:
            if event.fault == "cancel":
                cancels.setdefault(event.actor, []).append(event.at_ns)
        return cancels

    @cached_property
    def _slow_spans(self) -> dict[int, list[tuple[int, int]]]:
        spans: dict[int, list[tuple[int, int]]] = {}
        for event in self.history.events:
            if event.fault == "late":  # the call that waits for the answer
                spans.setdefault(event.actor, []).append((event.at_ns, event.at_ns + 1))
            elif event.fault in ("pause", "slow"):
                began = spans.setdefault(event.actor, [])
                if event.kind == "fault":
                    began.append((event.at_ns, FOREVER))
                else:
                    began[-1] = (began[-1][0], event.at_ns)
        return spans

    def slowed(self, call: Call) -> bool:
        """Whether the actor was stopped, or its connection slow, during the call: it need not be in time.

        Nor if others moved meanwhile at the gate, where it had to wait; in a race that is only recorded nobody waits.
        """
        spans = self._slow_spans.get(call.session.actor, ())
        struck = any(began < call.until_ns and call.invoked_ns < ended for began, ended in spans)
        return struck or (call.returned_ns is not None and self._overtaken(call))

    def _overtaken(self, call: Call) -> bool:
        moves = self.history.moves
        first = bisect_right(moves, call.invoked_ns, key=lambda move: move.at_ns)
        within = takewhile(lambda move: move.at_ns < call.until_ns, islice(moves, first, None))
        return any(move.enabled and move.actor != call.session.actor for move in within)

    @cached_property
    def _walks(self) -> list[Walk]:
        walks: dict[SessionId, Walk] = {}
        for call in self.calls:
            if call.session not in walks:
                release_ns = self.bounds.release_ms * 1_000_000
                walks[call.session] = Walk(call.session, release_ns, self.session_ends.get(call.session))
            walks[call.session].step(call)
        for session, walk in walks.items():
            walk.end(self.kills.get(session))
        return list(walks.values())

    @cached_property
    def holds(self) -> list[Span]:
        """When months were surely held, in the order of time."""
        return sorted((span for walk in self._walks for span in walk.holds), key=lambda span: span.from_ns)

    @cached_property
    def possible(self) -> dict[Month, list[Span]]:
        """When each month may have been held."""
        spans: dict[Month, list[Span]] = {}
        for walk in self._walks:
            for span in walk.possible:
                spans.setdefault(span.month, []).append(span)
        return spans

    @cached_property
    def outlived(self) -> set[Month]:
        """The months that may have been held when their session ended."""
        return {
            month
            for month, spans in self.possible.items()
            if any(span.ending in ("death", "close") for span in spans)
        }

    @cached_property
    def counts(self) -> dict[int, int | None]:
        """For the number of each release: how often its session held the month; None if unknown."""
        return {number: count for walk in self._walks for number, count in walk.counts.items()}

    @cached_property
    def _rivals(self) -> dict[Month, Latest[SessionId]]:
        return {month: Latest(spans, lambda span: span.session) for month, spans in self.possible.items()}

    @cached_property
    def _holds_of_month(self) -> dict[Month, Latest[SessionId]]:
        spans: dict[Month, list[Span]] = {}
        for span in self.holds:
            spans.setdefault(span.month, []).append(span)
        return {month: Latest(some, lambda span: span.session) for month, some in spans.items()}

    @cached_property
    def _all_holds(self) -> Latest[Month]:
        return Latest(self.holds, lambda span: span.month)

    def maybe_held(self, month: Month, before_ns: int, but: SessionId | None = None) -> Span | None:
        """Of the possible holds of `month` by others than `but` that begin before this time, the last to end."""
        rivals = self._rivals.get(month)
        return rivals.before(before_ns, but) if rivals else None

    def held_throughout(self, month: Month, from_ns: int, to_ns: int) -> Span | None:
        """A hold of `month` that covers all of this stretch."""
        holds = self._holds_of_month.get(month)
        span = holds.before(from_ns + 1) if holds else None
        return span if span and to_ns <= span.to_ns else None

    def other_month_held(self, month: Month, from_ns: int, to_ns: int) -> Span | None:
        """A hold of another month than `month` that meets this stretch."""
        span = self._all_holds.before(to_ns, month)
        return span if span and from_ns < span.to_ns else None

    @cached_property
    def _stall_ends(self) -> list[int]:
        return [stall.at_ns for stall in self.history.stalls]

    def stalled(self, from_ns: int, to_ns: int, late_ns: int) -> bool:
        """Whether the machine stalled enough in this stretch to be to blame for `late_ns`."""
        total = 0
        stalls = self.history.stalls
        for place in range(bisect_right(self._stall_ends, from_ns), len(stalls)):
            began = stalls[place].at_ns - stalls[place].overslept_ns
            if began >= to_ns:
                break
            total += min(to_ns, stalls[place].at_ns) - max(from_ns, began)
        return total >= max(self.bounds.stall_ms * 1_000_000, late_ns // 20)
