"""A history arranged for judging: calls, and the spans in which a month was surely or possibly held.

Two approximations keep verdicts true whatever the machine's load.  A *hold* is shorter than the truth: it
begins when an acquire has returned True and ends when its release or close is called, or just before a
fault.  A *possible hold* is longer than the truth: it begins when the call is made, ends when the release
has returned, and after a death or a close only when the bound for auto-release is over; what an
unknown outcome may have taken lasts until its session ends.  So two overlapping holds break exclusion for sure,
and outside all possible holds a month is free for sure.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, takewhile
from typing import Literal, NamedTuple

from harness.model import LASTING_FAULTS, SESSION_FAULTS, Bounds, Event, History, Month, Verb

FOREVER = 2**63 - 1
Owner = tuple[int, int]  # actor, life: one lock session
Ending = Literal["release", "death", "close", "never"]


class Call(NamedTuple):
    """An operation from its invocation to its return; `returned_ns` is None if it never did."""

    owner: Owner
    number: int
    verb: Verb
    month: Month | None
    timeout_ms: int
    raises: bool
    invoked_ns: int
    returned_ns: int | None
    answer: bool | None
    listed: tuple[Month, ...] | None
    error: str | None
    own_error: bool
    entered_ns: int | None
    left_ns: int | None

    @property
    def until_ns(self) -> int:
        return FOREVER if self.returned_ns is None else self.returned_ns

    @property
    def unsure(self) -> bool:
        """Whether it may or may not have had its effect."""
        return self.returned_ns is None or self.error is not None

    def __str__(self) -> str:
        month = f" {self.month}" if self.month else ""
        return f"{self.verb}{month} of actor {self.owner[0]}"


class Span(NamedTuple):
    """`owner` holds, surely or possibly, from the call `first` to what ended it."""

    owner: Owner
    month: Month
    from_ns: int
    to_ns: int
    first: int
    last: int | None
    ending: Ending


class Cut(NamedTuple):
    """A session was ended at some time between `told_ns` and `done_ns`.

    The bound for letting go of what it held begins at `healed_ns`: a server that nothing reaches cannot know.
    """

    told_ns: int
    healed_ns: int
    done_ns: int
    number: int


class View:
    """One history and the bounds to judge it by.  Everything is computed once, when first asked for."""

    def __init__(self, history: History, bounds: Bounds) -> None:
        self.history = history
        self.bounds = bounds

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """All calls, in the order of their invocation."""
        opened: dict[tuple[int, int, int], list[Event]] = {}
        for event in self.history.events:
            if event.verb is not None:
                opened.setdefault((event.actor, event.life, event.number), []).append(event)
        return tuple(_call(events) for events in opened.values() if events[0].kind == "invoke")

    @cached_property
    def kills(self) -> dict[Owner, Event]:
        """The faults that ended a process."""
        return {(e.actor, e.life): e for e in self.history.events if e.fault == "kill"}

    @cached_property
    def cuts(self) -> dict[Owner, Cut]:
        """The sessions that a fault ended, while their processes live on."""
        cuts: dict[Owner, Cut] = {}
        for event in self.history.events:
            owner = event.actor, event.life
            if event.fault in SESSION_FAULTS:
                cut = cuts.get(owner) or Cut(event.at_ns, FOREVER, FOREVER, event.number)
                if event.kind == "heal" or event.fault not in LASTING_FAULTS:
                    cut = cut._replace(healed_ns=min(event.at_ns, cut.healed_ns))
                cuts[owner] = cut
            elif event.kind == "gone" and owner in cuts:
                cuts[owner] = cuts[owner]._replace(done_ns=min(event.at_ns, cuts[owner].done_ns))
        return cuts

    def was_cut(self, call: Call) -> bool:
        """Whether the server ended the session before the call returned: then it need not answer."""
        cut = self.cuts.get(call.owner)
        return cut is not None and cut.told_ns < call.until_ns

    def may_fail(self, call: Call) -> bool:
        """Whether a fault excuses an error: the session was ended, or the statement cancelled."""
        late_ns = (
            self.bounds.release_ms * 1_000_000
        )  # a cancel may hit a statement that began after it was sent
        return self.was_cut(call) or any(
            at_ns < call.until_ns and call.invoked_ns < at_ns + late_ns
            for at_ns in self._cancels.get(call.owner[0], ())
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
            if event.fault in ("pause", "slow"):
                began = spans.setdefault(event.actor, [])
                if event.kind == "fault":
                    began.append((event.at_ns, FOREVER))
                else:
                    began[-1] = (began[-1][0], event.at_ns)
        return spans

    def slowed(self, call: Call) -> bool:
        """Whether the actor was stopped, or its connection slow, during the call: it need not be in time.

        Nor if others moved meanwhile at the gate, where it had to wait.
        """
        spans = self._slow_spans.get(call.owner[0], ())
        struck = any(began < call.until_ns and call.invoked_ns < ended for began, ended in spans)
        return struck or (call.returned_ns is not None and self._overtaken(call))

    def _overtaken(self, call: Call) -> bool:
        moves = self.history.statements
        first = bisect_right(moves, call.invoked_ns, key=lambda move: move.at_ns)
        within = takewhile(lambda move: move.at_ns < call.until_ns, islice(moves, first, None))
        return any(move.actor != call.owner[0] for move in within)

    @cached_property
    def _walks(self) -> list["_Walk"]:
        walks: dict[Owner, _Walk] = {}
        for call in self.calls:
            if call.owner not in walks:
                release_ns = self.bounds.release_ms * 1_000_000
                walks[call.owner] = _Walk(call.owner, release_ns, self.cuts.get(call.owner))
            walks[call.owner].step(call)
        for owner, walk in walks.items():
            walk.end(self.kills.get(owner))
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
    def counts(self) -> dict[int, int | None]:
        """For the number of each release: how often its session held the month; None if unknown."""
        return {number: count for walk in self._walks for number, count in walk.counts.items()}

    def maybe_held(self, month: Month, from_ns: int, to_ns: int, but: Owner | None = None) -> list[Span]:
        """The possible holds of `month`, by others than `but`, that meet this stretch of time."""
        return [
            span
            for span in self.possible.get(month, ())
            if span.owner != but and span.from_ns < to_ns and from_ns < span.to_ns
        ]

    def held_throughout(self, month: Month, from_ns: int, to_ns: int) -> Span | None:
        """A hold of `month` that covers all of this stretch."""
        for span in self.holds:
            if span.month == month and span.from_ns <= from_ns and to_ns <= span.to_ns:
                return span
        return None

    @cached_property
    def _stall_ends(self) -> list[int]:
        return [stall.at_ns for stall in self.history.stalls]

    def stalled(self, from_ns: int, to_ns: int, late_ns: int) -> bool:
        """Whether the machine stalled enough in this stretch to be to blame for `late_ns`."""
        total = 0
        for stall in self.history.stalls[bisect_right(self._stall_ends, from_ns) :]:
            began = stall.at_ns - stall.overslept_ns
            total += max(0, min(to_ns, stall.at_ns) - max(from_ns, began))
        return total >= max(self.bounds.stall_ms * 1_000_000, late_ns // 20)


def _call(events: list[Event]) -> Call:
    asked = events[0]
    by_kind = {event.kind: event for event in events}
    end = by_kind.get("ok") or by_kind.get("info")
    entered, left = by_kind.get("enter"), by_kind.get("leave")
    return Call(
        *((asked.actor, asked.life), asked.number, asked.verb or "join", asked.month, asked.timeout_ms),
        *(asked.raises, asked.at_ns, end.at_ns if end else None, end.answer if end else None),
        *(end.listed if end else None, end.error if end else None, bool(end and end.own_error)),
        *(entered.at_ns if entered else None, left.at_ns if left else None),
    )


def _cut_short(call: Call, at_ns: int) -> Call:
    """What a call is worth whose session ended meanwhile: whatever it answered may have gone with the session."""
    entered = call.entered_ns if call.entered_ns is not None and call.entered_ns < at_ns else None
    left = min(call.left_ns or at_ns, at_ns)
    return call._replace(answer=None, error="its session was ended", entered_ns=entered, left_ns=left)


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
class _Walk:
    """Goes through the calls of one session in order and notes the spans."""

    owner: Owner
    release_ns: int
    cut: Cut | None
    severed: bool = False
    holds: list[Span] = field(default_factory=list)
    possible: list[Span] = field(default_factory=list)
    counts: dict[int, int | None] = field(default_factory=dict)
    grips: dict[Month, _Grip] = field(default_factory=dict)
    closed: Call | None = None

    def step(self, call: Call) -> None:
        if self.cut and self.cut.told_ns < call.until_ns:
            self._sever(self.cut)
            if call.invoked_ns < self.cut.done_ns and call.month is not None:
                self.grips.setdefault(call.month, _Grip(call.month)).unsure = True
                call = _cut_short(call, self.cut.told_ns)
        if call.verb == "reopen":
            self.closed = call
        elif call.month is not None and call.verb in ("acquire", "release", "hold"):
            grip = self.grips.setdefault(call.month, _Grip(call.month))
            {"acquire": self._acquire, "release": self._release, "hold": self._hold}[call.verb](call, grip)

    def _sever(self, cut: Cut) -> None:
        if not self.severed:
            self.severed = True
            self._end_spans(cut.told_ns, cut.healed_ns + self.release_ns, cut.number, "death")

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
            span = Span(self.owner, grip.month, call.entered_ns, to_ns, call.number, call.number, ending)
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
        if self.cut and self.cut.told_ns < sure_ns:
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
            span._replace(to_ns=sure_ns, last=last, ending=ending) if span.to_ns == FOREVER else span
            for span in self.holds
        ]
        self.grips.clear()

    @staticmethod
    def _maybe_from(call: Call, grip: _Grip) -> None:
        if not grip.maybe:
            grip.maybe, grip.maybe_ns, grip.maybe_number = True, call.invoked_ns, call.number

    def _sure(self, grip: _Grip, to_ns: int, last: int | None, ending: Ending) -> None:
        span = Span(self.owner, grip.month, grip.sure_ns, to_ns, grip.sure_number, last, ending)
        self.holds.append(span)

    def _possible(self, grip: _Grip, to_ns: int, last: int | None, ending: Ending) -> None:
        grip.maybe = False
        span = Span(self.owner, grip.month, grip.maybe_ns, to_ns, grip.maybe_number, last, ending)
        self.possible.append(span)
