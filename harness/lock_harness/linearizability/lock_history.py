"""What happened to one month, as operations on a re-entrant lock, each with the time in which it took effect.

This is the vocabulary of `linearizable`: from calls, deaths and closes to what an order has to explain.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from lock_harness.analysis.calls import FOREVER, Call
from lock_harness.analysis.view import View
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month

Kind = Literal["acquire", "release", "ask", "end"]
KINDS: dict[str, Kind] = {"acquire": "acquire", "release": "release", "is_locked": "ask"}


class Who(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A session, equal to itself alone.  One that the server ended may be followed by another one of its owner."""

    session: SessionId
    __hash__ = object.__hash__


class Op(msgspec.Struct, frozen=True, eq=False, gc=False):
    """It took effect at one moment between `from_ns` and `to_ns`.

    `answer` None: whether it took effect at all is not known; then `to_ns` is FOREVER unless it can only have done so by
    then.  An `end` frees all that `who` holds, and nothing of `who` takes effect after it.
    """

    who: Who
    kind: Kind
    answer: bool | None
    from_ns: int
    to_ns: int
    number: int

    __hash__ = object.__hash__


def lock_history(view: View) -> dict[Month, list[Op]]:
    """The operations on each month."""
    months: dict[Month, list[Op]] = {month: [] for month in view.history.months}
    sessions = _Sessions(view)
    for call in view.calls:
        month, kind = call.month, KINDS.get(call.verb)
        if month is None or (kind is None and call.verb != "hold"):
            continue
        ops = months.setdefault(month, [])
        who, unsure = sessions.of(call)
        if kind is None:
            ops.extend(_of_hold(call, who, unsure))
        elif not unsure:
            ops.append(Op(who, kind, call.answer, call.invoked_ns, call.until_ns, call.number))
        elif kind != "ask":
            ops.append(Op(who, kind, None, call.invoked_ns, sessions.over_ns(call), call.number))
    ends = dict(sessions.ends())
    for ops in months.values():
        present = dict.fromkeys([op.who for op in ops])  # in their order
        ops += [ends[who] for who in present if who in ends]
    return months


class _Sessions:
    """Who is who: of each owner its session, and the one that followed if the server ended that."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._session_ends = view.session_ends
        self._first: dict[SessionId, Who] = {}
        self._second: dict[SessionId, Who] = {}

    def of(self, call: Call) -> tuple[Who, bool]:
        """The session of a call, and whether the call may or may not have had its effect."""
        session = call.session
        unsure = call.returned_ns is None or call.answer is None or call.error is not None
        cut = self._session_ends.get(session) if self._session_ends else None
        if cut is None or call.invoked_ns < cut.latest_ns:
            who = self._first.get(session) or self._first.setdefault(session, Who(session))
            return who, unsure or (cut is not None and cut.earliest_ns < call.until_ns)
        return self._last(session), unsure

    def over_ns(self, call: Call) -> int:
        """By when an unsure call has had its effect, if at all.

        One that was answered although its session was being ended already: by then, or the session was over.  But
        where answers can be lost, a client may say no without one.
        """
        cut = self._session_ends.get(call.session)
        if cut is None or call.invoked_ns <= cut.earliest_ns or call.error is not None or call.answer is None:
            return FOREVER
        lasts = cut.healed_ns > cut.earliest_ns
        return FOREVER if lasts and not call.answer else call.until_ns

    def _last(self, session: SessionId) -> Who:
        sessions = self._second if session in self._session_ends else self._first
        return sessions.setdefault(session, Who(session))

    def ends(self) -> Iterator[tuple[Who, Op]]:
        """When they ended: because the server was told to end them, by their own close, or by a death."""
        closes = [call for call in self._view.calls if call.verb == "reopen"]
        first = {call.session: call for call in reversed(closes)}
        for session, cut in self._session_ends.items():
            who, close = self._first.setdefault(session, Who(session)), first.get(session)
            from_ns = (
                min(close.invoked_ns, cut.earliest_ns) if close else cut.earliest_ns
            )  # it may have been closing
            yield who, Op(who, "end", True, from_ns, min(FOREVER, cut.healed_ns + self._bound_ns), cut.number)
        for call in closes:
            struck, kill = self._session_ends.get(call.session), self._view.kills.get(call.session)
            if struck is None or struck.earliest_ns <= call.invoked_ns:
                who = self._last(call.session)
                returned = call.returned_ns if call.returned_ns is not None else kill.at_ns if kill else None
                until = FOREVER if returned is None else returned + self._bound_ns
                yield who, Op(who, "end", True, call.invoked_ns, until, call.number)
        for session, kill in self._view.kills.items():
            if session not in first:
                who = self._last(session)
                yield who, Op(who, "end", True, kill.at_ns, kill.at_ns + self._bound_ns, kill.number)

    @property
    def _bound_ns(self) -> int:
        return self._view.bounds.release_ms * 1_000_000


def _of_hold(call: Call, who: Who, unsure: bool) -> Iterator[Op]:
    """An acquire before the body and a release after it.

    Of a body that was not seen, as a lock command's is not, both may have happened or not.
    """
    if call.entered_ns is not None and not unsure:
        yield Op(who, "acquire", True, call.invoked_ns, call.entered_ns, call.number)
        left = call.entered_ns if call.left_ns is None else call.left_ns
        yield Op(who, "release", True, left, call.until_ns, call.number)
    elif call.answer is False and not unsure:
        yield Op(who, "acquire", False, call.invoked_ns, call.until_ns, call.number)
    else:
        yield Op(who, "acquire", None, call.invoked_ns, FOREVER, call.number)
        yield Op(who, "release", None, call.invoked_ns, FOREVER, call.number)
