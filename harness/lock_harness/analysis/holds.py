"""Spans in which a month was surely or possibly held.

Two approximations keep verdicts true whatever the machine's load.  A *hold* is shorter than the truth: it
begins when an acquire has returned True and ends when its release or close is called, or just before a
fault.  A *possible hold* is longer than the truth: it begins when the call is made, ends when the release
has returned, and after a death or a close only when the bound for auto-release is over; what an
unknown outcome may have taken lasts until its session ends.  So two overlapping holds break exclusion for sure,
and outside all possible holds a month is free for sure.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Literal, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from lock_harness.analysis.calls import FOREVER, Call
from lock_harness.core.history import Event, SessionId
from lock_harness.core.program import Month

Ending = Literal["release", "death", "close", "never"]
K = TypeVar("K")


class Span(msgspec.Struct, frozen=True, gc=False):
    """`session` holds, surely or possibly, from the call `first` to what ended it."""

    session: SessionId
    month: Month
    from_ns: int
    to_ns: int
    first: int
    last: int | None
    ending: Ending


class SessionEnd(NamedTuple):
    """A session was ended at some time between `earliest_ns` and `latest_ns`.

    The bound for letting go of what it held begins at `healed_ns`: a server that nothing reaches cannot know.
    """

    earliest_ns: int
    healed_ns: int
    latest_ns: int
    number: int


class Latest(Generic[K]):
    """Of the spans that begin before some time: the last to end, among all or but for those of one `key`.

    For that it is enough to remember, at each beginning, the last to end and the last one of another key.
    """

    def __init__(self, spans: Iterable[Span], key: Callable[[Span], K]) -> None:
        self._begins: list[int] = []
        self._last: list[tuple[Span, Span | None]] = []
        self._key = key
        last: Span | None = None
        other: Span | None = None
        for span in sorted(spans, key=lambda span: span.from_ns):
            if last is None or key(span) == key(last):
                last = span if last is None or span.to_ns > last.to_ns else last
            elif span.to_ns > last.to_ns:
                last, other = span, last
            elif other is None or span.to_ns > other.to_ns:
                other = span
            self._begins.append(span.from_ns)
            self._last.append((last, other))

    def before(self, at_ns: int, but: K | None = None) -> Span | None:
        place = bisect_left(self._begins, at_ns) - 1
        if place < 0:
            return None
        last, other = self._last[place]
        return other if but is not None and self._key(last) == but else last


def _cut_short(call: Call, at_ns: int) -> Call:
    """What a call is worth whose session ended meanwhile: whatever it answered may have gone with the session."""
    entered = call.entered_ns if call.entered_ns is not None and call.entered_ns < at_ns else None
    left = min(call.left_ns or at_ns, at_ns)
    return replace(call, answer=None, error="its session was ended", entered_ns=entered, left_ns=left)


@dataclass
class _Grip:
    """What one session has, or may have, of one month."""

    month: Month
    count: int = 0
    sure_ns: int = 0
    sure_number: int = 0
    maybe_ns: int = 0
    maybe_number: int = 0
    maybe: bool = False
    unsure: bool = False


@dataclass
class Walk:
    """Goes through the calls of one session in order and notes the spans."""

    session: SessionId
    release_ns: int
    cut: SessionEnd | None
    severed: bool = False
    holds: list[Span] = field(default_factory=list)
    possible: list[Span] = field(default_factory=list)
    counts: dict[int, int | None] = field(default_factory=dict)
    grips: dict[Month, _Grip] = field(default_factory=dict)
    closed: Call | None = None

    def step(self, call: Call) -> None:
        if self.cut and self.cut.earliest_ns < call.until_ns:
            if call.invoked_ns < self.cut.earliest_ns:
                self._loosen(call)
            self._sever(self.cut)
            if call.invoked_ns < self.cut.latest_ns and call.month is not None:
                self.grips.setdefault(call.month, _Grip(call.month)).unsure = True
                call = _cut_short(call, self.cut.earliest_ns)
        if call.verb == "reopen":
            self.closed = call
        elif call.month is not None and call.verb in ("acquire", "release", "hold"):
            grip = self.grips.setdefault(call.month, _Grip(call.month))
            {"acquire": self._acquire, "release": self._release, "hold": self._hold}[call.verb](call, grip)

    def _loosen(self, call: Call) -> None:
        """A release or a close that was on its way when the session ended: no more is surely held since the call."""
        for grip in self.grips.values():
            if grip.count and (
                call.verb == "reopen" or (call.verb == "release" and call.month == grip.month)
            ):
                self._sure(
                    grip, call.invoked_ns, call.number, "release" if call.verb == "release" else "close"
                )
                grip.count = 0

    def _sever(self, cut: SessionEnd) -> None:
        if not self.severed:
            self.severed = True
            self._end_spans(cut.earliest_ns, cut.healed_ns + self.release_ns, cut.number, "death")

    def _acquire(self, call: Call, grip: _Grip) -> None:
        if call.answer or call.unsure:
            self._maybe_from(call, grip)
            grip.unsure |= call.unsure
        if call.answer:
            if grip.count == 0:
                grip.sure_ns, grip.sure_number = call.until_ns, call.number
            grip.count += 1

    def _release(self, call: Call, grip: _Grip) -> None:
        self.counts[call.number] = None if grip.unsure else grip.count
        if grip.count and (grip.count == 1 or not call.answer):
            self._sure(grip, call.invoked_ns, call.number, "release")
            grip.count = 0
        elif grip.count:
            grip.count -= 1
        if not call.answer:
            grip.unsure |= grip.maybe  # it said "not held", or nothing: then until the session ends
        elif grip.maybe and not grip.count and not grip.unsure:
            self._possible(grip, call.until_ns, call.number, "release")

    def _hold(self, call: Call, grip: _Grip) -> None:
        if call.entered_ns is not None:
            to_ns = FOREVER if call.left_ns is None else call.left_ns  # cut short: see `end`
            ending: Ending = "never" if call.left_ns is None else "release"
            span = Span(self.session, grip.month, call.entered_ns, to_ns, call.number, call.number, ending)
            self.holds.append(span)
        if call.answer or call.unsure:
            already = grip.maybe
            self._maybe_from(call, grip)
            grip.unsure |= call.unsure
            if not already and not grip.unsure:
                self._possible(grip, call.until_ns, call.number, "release")

    def end(self, kill: Event | None) -> None:
        """The session ends: by SIGKILL, by its own close, or not before the history does."""
        sure_ns, maybe_ns = FOREVER, FOREVER
        last: int | None = None
        ending: Ending = "never"
        if self.closed:
            sure_ns, last, ending = self.closed.invoked_ns, self.closed.number, "close"
            if self.closed.returned_ns is not None:
                maybe_ns = self.closed.returned_ns + self.release_ns
        if kill:
            sure_ns, maybe_ns = min(sure_ns, kill.at_ns), kill.at_ns + self.release_ns
            last, ending = kill.number, "death"
        if self.cut and self.cut.earliest_ns < sure_ns:
            self._sever(self.cut)
        self._end_spans(sure_ns, maybe_ns, last, ending)

    def _end_spans(self, sure_ns: int, maybe_ns: int, last: int | None, ending: Ending) -> None:
        """What is held ends surely by `sure_ns`, and possibly not before `maybe_ns`."""
        for grip in self.grips.values():
            if grip.count:
                self._sure(grip, sure_ns, last, ending)
            if grip.maybe:
                self._possible(grip, maybe_ns, last, ending)
        self.holds = [
            replace(span, to_ns=sure_ns, last=last, ending=ending) if span.to_ns == FOREVER else span
            for span in self.holds
        ]
        self.grips.clear()

    @staticmethod
    def _maybe_from(call: Call, grip: _Grip) -> None:
        if not grip.maybe:
            grip.maybe, grip.maybe_ns, grip.maybe_number = True, call.invoked_ns, call.number

    def _sure(self, grip: _Grip, to_ns: int, last: int | None, ending: Ending) -> None:
        span = Span(self.session, grip.month, grip.sure_ns, to_ns, grip.sure_number, last, ending)
        self.holds.append(span)

    def _possible(self, grip: _Grip, to_ns: int, last: int | None, ending: Ending) -> None:
        grip.maybe = False
        span = Span(self.session, grip.month, grip.maybe_ns, to_ns, grip.maybe_number, last, ending)
        self.possible.append(span)
