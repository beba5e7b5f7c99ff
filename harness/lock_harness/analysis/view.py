"""A history arranged for the checks: its calls, holds, faults and stalls, and questions about them."""

from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property

from lock_harness.analysis.calls import Call, calls_of
from lock_harness.analysis.delays import Delays
from lock_harness.analysis.holds import SessionHolds, Span
from lock_harness.analysis.process_ends import ProcessEnd, process_ends
from lock_harness.analysis.session_ends import SessionEnd, session_ends
from lock_harness.analysis.spans import LastEndingSpans
from lock_harness.core.contract import DEFAULT, Contract
from lock_harness.core.history import History, SessionId
from lock_harness.core.program import Month
from lock_harness.core.verdict import Bounds

# the most holds among which those at a time are looked for: more would take long if very many calls are refused
MAX_NEAR_HOLDS = 100


class View:
    """One history, with the bounds and the lock's contract that apply to it.

    Everything is computed once, when it is first needed.
    """

    def __init__(self, history: History, bounds: Bounds, contract: Contract = DEFAULT) -> None:
        self.history = history
        self.bounds = bounds
        self.contract = contract

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """All calls, in the order of their invocation."""
        return calls_of(self.history.events)

    # How sessions ended

    @cached_property
    def kills(self) -> dict[SessionId, ProcessEnd]:
        """The ends of processes, by a fault or by themselves, by the session that each had."""
        return process_ends(self.history.events, self.calls)

    @cached_property
    def session_ends(self) -> dict[SessionId, tuple[SessionEnd, ...]]:
        """The ends of the sessions that a fault ended while their processes lived on, in the order of time."""
        return session_ends(self.history.events, self.contract)

    def hangs(self, call: Call) -> bool:
        """Whether `call` never returned although its actor was not killed."""
        return call.returned_ns is None and call.session not in self.kills

    def session_had_ended(self, call: Call) -> bool:
        """Whether a fault ended the session before `call` returned.  Then the server need not answer."""
        ends = self.session_ends.get(call.session)
        return ends is not None and ends[0].earliest_ns < call.until_ns

    # Excuses for an error or a delay

    @cached_property
    def delays(self) -> Delays:
        """The delays that the lock did not cause."""
        return Delays(self.history, self.bounds)

    def may_fail(self, call: Call) -> bool:
        """Whether a fault excuses an error of `call`: its session was ended, or its statement was cancelled."""
        # a cancel request may hit a statement that began after the request was sent
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

    # Holds

    @cached_property
    def _session_holds(self) -> list[SessionHolds]:
        sessions: dict[SessionId, SessionHolds] = {}
        release_ns = self.bounds.release_ms * 1_000_000
        for call in self.calls:
            holds = sessions.get(call.session)
            if holds is None:
                holds = SessionHolds(
                    session=call.session,
                    release_ns=release_ns,
                    session_ends=self.session_ends.get(call.session, ()),
                    counts_holds=self.contract.counts_holds,
                )
                sessions[call.session] = holds
            holds.add(call)
        for session, holds in sessions.items():
            holds.finish(self.kills.get(session))
        return list(sessions.values())

    @cached_property
    def holds(self) -> list[Span]:
        """All definite holds, in the order of their beginnings."""
        spans = (span for session in self._session_holds for span in session.definite)
        return sorted(spans, key=lambda span: span.from_ns)

    @cached_property
    def possible_holds(self) -> dict[Month, list[Span]]:
        """The possible holds of each month, session by session."""
        return _by_month(span for session in self._session_holds for span in session.possible)

    @cached_property
    def held_at_session_end(self) -> set[Month]:
        """The months that may have been held when the holder's session ended."""
        return {
            month
            for month, spans in self.possible_holds.items()
            if any(span.ending in ("death", "close") for span in spans)
        }

    @cached_property
    def counts(self) -> dict[int, int | None]:
        """How often the session held the month at each release, by the number of the call; None if unknown.

        If the contract does not count holds, also at each acquire and hold.
        """
        return {number: count for session in self._session_holds for number, count in session.counts.items()}

    def possibly_held(self, month: Month, before_ns: int, *, but: SessionId | None = None) -> Span | None:
        """Return the last-ending possible hold of `month` that begins before this time, `but` one session's."""
        spans = self._possible_by_session.get(month)
        return spans.before(before_ns, but=but) if spans else None

    @cached_property
    def _possible_by_session(self) -> dict[Month, LastEndingSpans[SessionId]]:
        return {month: LastEndingSpans(spans, _session) for month, spans in self.possible_holds.items()}

    def held_throughout(self, month: Month, from_ns: int, to_ns: int) -> Span | None:
        """Return a definite hold of `month` that covers all of this time, if there is one."""
        holds = self._holds_by_session.get(month)
        return holds.covering(from_ns, to_ns) if holds else None

    @cached_property
    def _holds_by_session(self) -> dict[Month, LastEndingSpans[SessionId]]:
        return {month: LastEndingSpans(spans, _session) for month, spans in _by_month(self.holds).items()}

    def other_months_held(self, month: Month, from_ns: int, to_ns: int) -> tuple[Span, ...]:
        """Return the definite holds of other months than `month` within this time, of a very long history the last ones."""
        last = self._holds_of_all_months.overlapping(from_ns, to_ns, but=month)
        if last is None:
            return ()
        until = bisect_left(self.holds, to_ns, key=lambda span: span.from_ns)
        near = self.holds[max(0, until - MAX_NEAR_HOLDS) : until]
        found = [span for span in near if span.month != month and from_ns < span.to_ns]
        return tuple(found) if last in found else (last, *found)

    @cached_property
    def _holds_of_all_months(self) -> LastEndingSpans[Month]:
        return LastEndingSpans(self.holds, lambda span: span.month)


def _session(span: Span) -> SessionId:
    return span.session


def _by_month(spans: Iterable[Span]) -> dict[Month, list[Span]]:
    months: dict[Month, list[Span]] = {}
    for span in spans:
        months.setdefault(span.month, []).append(span)
    return months
