"""Spans of time in which a session definitely or possibly held a month.

Two approximations keep the verdicts true however loaded the machine is:

* A *definite hold* is shorter than the truth.  It begins when an acquire has returned True.  It ends when the release
  or close is called, or just before a fault.
* A *possible hold* is longer than the truth.  It begins when the acquire is called.  It ends when the release has
  returned, or, after a death or a close, at the end of the bound for auto-release.  A month that an indeterminate call
  may have acquired is possibly held until the session ends.

So two overlapping definite holds certainly break mutual exclusion, and outside all possible holds a month is certainly
free.
"""

from dataclasses import dataclass, field
from typing import Literal

import msgspec
from msgspec.structs import replace

from lock_harness.analysis.calls import FOREVER, Call
from lock_harness.analysis.process_ends import ProcessEnd
from lock_harness.analysis.session_ends import SessionEnd
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month

Ending = Literal["release", "death", "close", "never"]


class Span(msgspec.Struct, frozen=True, gc=False):
    """A time in which `session` holds `month`, definitely or possibly.

    `first` is the number of the call that began it, `last` the number of the call or fault that ended it.
    """

    session: SessionId
    month: Month
    from_ns: int
    to_ns: int
    first: int
    last: int | None
    ending: Ending


@dataclass(slots=True)
class _HeldState:
    """The holds of one session on one month, at the current call.

    count            how often the month is definitely held
    definite_*       when the definite hold began, and by which call
    possible         whether the month is possibly held
    possible_*       when the possible hold began, and by which call
    indeterminate    a call may have acquired or released the month without an answer
    """

    month: Month
    count: int = 0
    definite_from_ns: int = 0
    definite_number: int = 0
    possible: bool = False
    possible_from_ns: int = 0
    possible_number: int = 0
    indeterminate: bool = False


@dataclass(slots=True)
class SessionHolds:
    """The holds of one session, computed by passing its calls to `add` in order, and then its death to `finish`.

    `counts_holds`: a month that was acquired twice is held until it was released twice.
    `counts` has, for the number of each release, how often the session held the month; None if that is not known.  If holds
    are not counted, it has the same for each acquire and hold.
    """

    session: SessionId
    release_ns: int
    session_ends: tuple[SessionEnd, ...] = ()
    counts_holds: bool = True
    definite: list[Span] = field(default_factory=list)
    possible: list[Span] = field(default_factory=list)
    counts: dict[int, int | None] = field(default_factory=dict)
    # the ends by faults that the calls so far have come to, and those that all further calls follow
    _reached: int = field(default=0, init=False)
    _passed: int = field(default=0, init=False)
    _states: dict[Month, _HeldState] = field(default_factory=dict, init=False)
    _closed: Call | None = field(default=None, init=False)

    def add(self, call: Call) -> None:
        """Apply the next call of the session."""
        if self._passed < len(self.session_ends):
            call = self._apply_session_ends(call)
        if call.verb == "reopen":
            self._closed = call
        elif call.month is not None:
            if not self.counts_holds and call.verb in ("acquire", "hold"):
                self._note_count(call, self._state(call.month))
            if call.verb == "acquire":
                self._acquire(call, self._state(call.month))
            elif call.verb == "release":
                self._release(call, self._state(call.month))
            elif call.verb == "hold":
                self._hold(call, self._state(call.month))

    def finish(self, kill: ProcessEnd | None) -> None:
        """End the session: by the end of its process, by its own close, or not before the history ends."""
        definite_ns, possible_ns = FOREVER, FOREVER
        last: int | None = None
        ending: Ending = "never"
        if self._closed:
            definite_ns, last, ending = self._closed.invoked_ns, self._closed.number, "close"
            if self._closed.returned_ns is not None:
                possible_ns = self._closed.returned_ns + self.release_ns
        if kill:
            definite_ns = min(definite_ns, kill.earliest_ns)
            possible_ns = kill.at_ns + self.release_ns
            last, ending = kill.number, "death"
        for session_end in self.session_ends[self._reached :]:
            if session_end.earliest_ns < definite_ns:
                self._end_holds_by_fault(session_end)
        self._end_all_holds(definite_ns=definite_ns, possible_ns=possible_ns, last=last, ending=ending)

    def _state(self, month: Month) -> _HeldState:
        return self._states.get(month) or self._states.setdefault(month, _HeldState(month))

    # A fault ends the session; its process continues.

    def _apply_session_ends(self, call: Call) -> Call:
        """End the holds at each fault before the return of `call`; return `call`, indeterminate if one came during it."""
        for place, session_end in enumerate(self.session_ends[self._passed :], self._passed):
            if session_end.earliest_ns >= call.until_ns:
                break
            if place == self._reached:
                if call.invoked_ns < session_end.earliest_ns:
                    self._end_holds_given_back_by(call)
                self._end_holds_by_fault(session_end)
                self._reached += 1
            if call.invoked_ns >= session_end.latest_ns:
                self._passed += 1
            elif call.month is not None:
                self._state(call.month).indeterminate = True
                call = _as_indeterminate(call, session_end.earliest_ns)
        return call

    def _end_holds_given_back_by(self, call: Call) -> None:
        """End the definite holds that a release or a close was giving back when the session ended."""
        ending: Ending = "release" if call.verb == "release" else "close"
        for state in self._states.values():
            released = call.verb == "release" and call.month == state.month
            if state.count and (released or call.verb == "reopen"):
                self._end_definite_hold(state, call.invoked_ns, call.number, ending)

    def _end_holds_by_fault(self, session_end: SessionEnd) -> None:
        self._end_all_holds(
            definite_ns=session_end.earliest_ns,
            possible_ns=session_end.healed_ns + self.release_ns,
            last=session_end.number,
            ending="death",
        )

    def _end_all_holds(self, *, definite_ns: int, possible_ns: int, last: int | None, ending: Ending) -> None:
        """End every definite hold at `definite_ns`, and every possible hold at `possible_ns`."""
        for state in self._states.values():
            if state.count:
                self._end_definite_hold(state, definite_ns, last, ending)
            if state.possible:
                self._end_possible_hold(state, possible_ns, last, ending)
        self.definite = [
            replace(span, to_ns=definite_ns, last=last, ending=ending) if span.to_ns == FOREVER else span
            for span in self.definite
        ]
        self._states.clear()

    # One call

    def _acquire(self, call: Call, state: _HeldState) -> None:
        if call.answer or call.indeterminate:
            self._begin_possible_hold(state, call)
            state.indeterminate |= call.indeterminate
        if call.answer:
            if state.count == 0:
                state.definite_from_ns, state.definite_number = call.until_ns, call.number
            state.count = state.count + 1 if self.counts_holds else 1

    def _release(self, call: Call, state: _HeldState) -> None:
        self._note_count(call, state)
        # a release that returns nothing, as its contract declares, did what it was asked for
        released = call.answer or (call.is_silent and state.count > 0)
        if state.count and (state.count == 1 or not released):
            self._end_definite_hold(state, call.invoked_ns, call.number, "release")
        elif state.count:
            state.count -= 1
        if not released:
            # the answer was False, or there was none: the month stays possibly held until the session ends
            state.indeterminate |= state.possible
        elif state.possible and not state.count and not state.indeterminate:
            self._end_possible_hold(state, call.until_ns, call.number, "release")

    def _note_count(self, call: Call, state: _HeldState) -> None:
        self.counts[call.number] = None if state.indeterminate else state.count

    def _hold(self, call: Call, state: _HeldState) -> None:
        if call.entered_ns is not None:
            self.definite.append(
                Span(
                    session=self.session,
                    month=state.month,
                    from_ns=call.entered_ns,
                    # a body without an end was cut short: `_end_all_holds` replaces the time
                    to_ns=FOREVER if call.left_ns is None else call.left_ns,
                    first=call.number,
                    last=call.number,
                    ending="never" if call.left_ns is None else "release",
                )
            )
        if call.answer or call.indeterminate:
            held_before = state.possible
            self._begin_possible_hold(state, call)
            state.indeterminate |= call.indeterminate
            if not self.counts_holds and state.count and call.left_ns is not None:
                # its release freed the month although it had been acquired before
                self._end_definite_hold(state, call.left_ns, call.number, "release")
                held_before = False
            if not held_before and not state.indeterminate:
                self._end_possible_hold(state, call.until_ns, call.number, "release")

    # One hold

    @staticmethod
    def _begin_possible_hold(state: _HeldState, call: Call) -> None:
        if not state.possible:
            state.possible, state.possible_from_ns, state.possible_number = True, call.invoked_ns, call.number

    def _end_definite_hold(self, state: _HeldState, to_ns: int, last: int | None, ending: Ending) -> None:
        state.count = 0
        self.definite.append(
            Span(
                session=self.session,
                month=state.month,
                from_ns=state.definite_from_ns,
                to_ns=to_ns,
                first=state.definite_number,
                last=last,
                ending=ending,
            )
        )

    def _end_possible_hold(self, state: _HeldState, to_ns: int, last: int | None, ending: Ending) -> None:
        state.possible = False
        self.possible.append(
            Span(
                session=self.session,
                month=state.month,
                from_ns=state.possible_from_ns,
                to_ns=to_ns,
                first=state.possible_number,
                last=last,
                ending=ending,
            )
        )


def _as_indeterminate(call: Call, at_ns: int) -> Call:
    """Return `call` as an indeterminate call: its effect may have been lost with its session."""
    entered = call.entered_ns if call.entered_ns is not None and call.entered_ns < at_ns else None
    left = min(call.left_ns or at_ns, at_ns)
    return replace(call, answer=None, error="its session was ended", entered_ns=entered, left_ns=left)
