"""The history of one month, as operations on a lock, each with the time in which it took effect.

`lock_history` translates calls, deaths and closes into the operations that the linearizability check has to explain.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from lock_harness.analysis.calls import FOREVER, Call
from lock_harness.analysis.session_ends import SessionEnd
from lock_harness.analysis.view import View
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month

OpKind = Literal["acquire", "release", "is_locked", "end"]
OP_KINDS: dict[str, OpKind] = {"acquire": "acquire", "release": "release", "is_locked": "is_locked"}


class ServerSession(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A session as the server sees it, equal to itself alone.

    A client that connects again after a fault has several of them under one `SessionId`.
    """

    id: SessionId
    __hash__ = object.__hash__


class Op(msgspec.Struct, frozen=True, eq=False, gc=False):
    """An operation that took effect at one moment between `from_ns` and `to_ns`.

    `answer` None: the operation is indeterminate, so it may not have taken effect at all.  Then `to_ns` is FOREVER,
    unless it took effect by that time or never.
    The kind `end` releases all that the session holds; no operation of the session takes effect after it.
    """

    session: ServerSession
    kind: OpKind
    answer: bool | None
    from_ns: int
    to_ns: int
    number: int

    __hash__ = object.__hash__


def lock_history(view: View) -> dict[Month, list[Op]]:
    """Return the operations on each month."""
    months: dict[Month, list[Op]] = {month: [] for month in view.history.months}
    sessions = _ServerSessions(view)
    for call in _with_answers(view):
        month, kind = call.month, OP_KINDS.get(call.verb)
        if month is None or (kind is None and call.verb != "hold"):
            continue
        ops = months.setdefault(month, [])
        session, indeterminate = sessions.of(call)
        if kind is None:
            ops.extend(_ops_of_hold(call, session, indeterminate))
        elif not indeterminate:
            ops.append(_op_of_call(call, session, kind))
        elif kind != "is_locked":
            ops.append(_indeterminate_op(call, session, kind, to_ns=sessions.effect_by_ns(call)))
        for later in sessions.possible_later(call):
            ops.extend(_possible_ops(call, later))
    ends = {op.session: op for op in sessions.ends()}
    for ops in months.values():
        # a dict keeps the order of the sessions, a set would not
        present = dict.fromkeys([op.session for op in ops])
        ops += [ends[session] for session in present if session in ends]
    return months


def _with_answers(view: View) -> Iterable[Call]:
    """Return all calls; a release without an answer gets the one that the earlier answers of its session imply."""
    if view.contract.release != "silent":
        return view.calls
    return (
        replace(call, answer=times > 0)
        if call.verb == "release" and call.is_silent and (times := view.counts.get(call.number)) is not None
        else call
        for call in view.calls
    )


class _ServerSessions:
    """The server sessions of each `SessionId`: the first one, and one that followed each fault that ended the one before."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._session_ends = view.session_ends
        self._sessions: dict[tuple[SessionId, int], ServerSession] = {}
        # the months that each session may have acquired by a call that began in the session before
        self._acquired: set[tuple[ServerSession, Month | None]] = set()

    def of(self, call: Call) -> tuple[ServerSession, bool]:
        """Return the server session of `call`, and whether the call is indeterminate."""
        indeterminate = call.indeterminate or call.answer is None
        ends = self._session_ends.get(call.session) if self._session_ends else None
        if ends is None:
            return self._get_or_add(call.session, 0), indeterminate
        place = _ends_passed(call, ends)
        ended = place < len(ends) and ends[place].earliest_ns < call.until_ns
        return self._get_or_add(call.session, place), indeterminate or ended

    def possible_later(self, call: Call) -> Iterator[ServerSession]:
        """Return the later server sessions in which `call` may have changed something instead.

        A client may have several connections.  A fault during a call ends those that exist, but not one that the
        client was opening, on which it can have sent the statement of this call.
        """
        ends = self._session_ends.get(call.session) if self._session_ends else None
        if ends is None or call.answer is False or call.verb == "is_locked":
            return
        for place in range(_ends_passed(call, ends), len(ends)):
            if ends[place].earliest_ns >= call.until_ns or ends[place].healed_ns == FOREVER:
                return
            session = self._get_or_add(call.session, place + 1)
            if call.verb in ("acquire", "hold"):
                self._acquired.add((session, call.month))
            if (session, call.month) in self._acquired:
                yield session

    def effect_by_ns(self, call: Call) -> int:
        """Return the time by which an indeterminate call has taken effect, if it ever does.

        A call that was answered while its session was being ended took effect before the answer, or never.  But where
        answers can be lost, a client may answer False by itself while its request is still pending in the server.
        """
        ends = self._session_ends.get(call.session, ())
        place = _ends_passed(call, ends)
        if place == len(ends) or call.error is not None or call.answer is None:
            return FOREVER
        end = ends[place]
        if call.invoked_ns <= end.earliest_ns:
            return FOREVER
        answers_can_be_lost = end.healed_ns > end.earliest_ns
        return FOREVER if answers_can_be_lost and not call.answer else call.until_ns

    def ends(self) -> Iterator[Op]:
        """Return the end of each session: by a fault, by its own close, or by the death of its process."""
        closes = [call for call in self._view.calls if call.verb == "reopen"]
        first_close = {call.session: call for call in reversed(closes)}
        release_ns = self._view.bounds.release_ms * 1_000_000
        for id_, ends in self._session_ends.items():
            close = first_close.get(id_)
            for place, end in enumerate(ends):
                # the client may have been closing the session when the fault came
                from_ns = min(close.invoked_ns, end.earliest_ns) if close else end.earliest_ns
                until_ns = min(FOREVER, end.healed_ns + release_ns)
                session = self._get_or_add(id_, place)
                yield _end(session, from_ns=from_ns, to_ns=until_ns, number=end.number)
        for call in closes:
            faults, kill = self._session_ends.get(call.session), self._view.kills.get(call.session)
            if faults is None or faults[-1].earliest_ns <= call.invoked_ns:
                returned = call.returned_ns if call.returned_ns is not None else kill.at_ns if kill else None
                until_ns = FOREVER if returned is None else returned + release_ns
                session = self._last(call.session)
                from_ns = min(call.invoked_ns, kill.earliest_ns) if kill else call.invoked_ns
                yield _end(session, from_ns=from_ns, to_ns=until_ns, number=call.number)
        for id_, kill in self._view.kills.items():
            if id_ not in first_close:
                until_ns = kill.at_ns + release_ns
                from_ns = kill.earliest_ns
                yield _end(self._last(id_), from_ns=from_ns, to_ns=until_ns, number=kill.number)

    def _last(self, id_: SessionId) -> ServerSession:
        return self._get_or_add(id_, len(self._session_ends.get(id_, ())))

    def _get_or_add(self, id_: SessionId, place: int) -> ServerSession:
        key = id_, place
        return self._sessions.get(key) or self._sessions.setdefault(key, ServerSession(id_))


def _ends_passed(call: Call, ends: Sequence[SessionEnd]) -> int:
    """Return how many of the ends of its session were over before `call` began."""
    return bisect_right(ends, call.invoked_ns, key=lambda end: end.latest_ns)


def _end(session: ServerSession, *, from_ns: int, to_ns: int, number: int) -> Op:
    return Op(session=session, kind="end", answer=True, from_ns=from_ns, to_ns=to_ns, number=number)


def _op_of_call(call: Call, session: ServerSession, kind: OpKind) -> Op:
    return Op(
        session=session,
        kind=kind,
        answer=call.answer,
        from_ns=call.invoked_ns,
        to_ns=call.until_ns,
        number=call.number,
    )


def _indeterminate_op(call: Call, session: ServerSession, kind: OpKind, *, to_ns: int = FOREVER) -> Op:
    return Op(
        session=session,
        kind=kind,
        answer=None,
        from_ns=call.invoked_ns,
        to_ns=to_ns,
        number=call.number,
    )


def _possible_ops(call: Call, session: ServerSession) -> Iterator[Op]:
    """Return the operations of a call that may have been done in `session`: by its answer, if it has one, or never."""
    to_ns = FOREVER if call.indeterminate else call.until_ns
    if call.verb != "release":
        yield _indeterminate_op(call, session, "acquire", to_ns=to_ns)
    if call.verb != "acquire":
        yield _indeterminate_op(call, session, "release", to_ns=to_ns)


def _ops_of_hold(call: Call, session: ServerSession, indeterminate: bool) -> Iterator[Op]:
    """Return an acquire before the body and a release after it.

    A lock command does not report when the body ran.  Then both operations are indeterminate.
    """
    if call.entered_ns is not None and not indeterminate:
        acquire = _op_of_call(call, session, "acquire")
        yield replace(acquire, answer=True, to_ns=call.entered_ns)
        left_ns = call.entered_ns if call.left_ns is None else call.left_ns
        yield replace(acquire, kind="release", answer=True, from_ns=left_ns)
    elif call.answer is False and not indeterminate:
        yield _op_of_call(call, session, "acquire")
    else:
        yield _indeterminate_op(call, session, "acquire")
        yield _indeterminate_op(call, session, "release")
