"""The history of one month, as operations on a lock, each with the time in which it took effect.

`lock_history` translates calls, deaths and closes into the operations that the linearizability check has to explain.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from lock_harness.analysis.calls import FOREVER, Call
from lock_harness.analysis.view import View
from lock_harness.core.history import SessionId
from lock_harness.core.program import Month

OpKind = Literal["acquire", "release", "is_locked", "end"]
OP_KINDS: dict[str, OpKind] = {"acquire": "acquire", "release": "release", "is_locked": "is_locked"}


class ServerSession(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A session as the server sees it, equal to itself alone.

    A client that reconnects after a fault has two of them under one `SessionId`.
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
    """The server sessions of each `SessionId`: the first one, and the one that followed if a fault ended the first."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._session_ends = view.session_ends
        self._first: dict[SessionId, ServerSession] = {}
        self._second: dict[SessionId, ServerSession] = {}

    def of(self, call: Call) -> tuple[ServerSession, bool]:
        """Return the server session of `call`, and whether the call is indeterminate."""
        indeterminate = call.indeterminate or call.answer is None
        end = self._session_ends.get(call.session) if self._session_ends else None
        if end is None or call.invoked_ns < end.latest_ns:
            session = self._first.get(call.session) or self._get_or_add(self._first, call.session)
            return session, indeterminate or (end is not None and end.earliest_ns < call.until_ns)
        return self._last(call.session), indeterminate

    def effect_by_ns(self, call: Call) -> int:
        """Return the time by which an indeterminate call has taken effect, if it ever does.

        A call that was answered while its session was being ended took effect before the answer, or never.  But where
        answers can be lost, a client may answer False by itself while its request is still pending in the server.
        """
        end = self._session_ends.get(call.session)
        if end is None or call.invoked_ns <= end.earliest_ns or call.error is not None or call.answer is None:
            return FOREVER
        answers_can_be_lost = end.healed_ns > end.earliest_ns
        return FOREVER if answers_can_be_lost and not call.answer else call.until_ns

    def ends(self) -> Iterator[Op]:
        """Return the end of each session: by a fault, by its own close, or by the death of its process."""
        closes = [call for call in self._view.calls if call.verb == "reopen"]
        first_close = {call.session: call for call in reversed(closes)}
        release_ns = self._view.bounds.release_ms * 1_000_000
        for id_, end in self._session_ends.items():
            close = first_close.get(id_)
            # the client may have been closing the session when the fault came
            from_ns = min(close.invoked_ns, end.earliest_ns) if close else end.earliest_ns
            until_ns = min(FOREVER, end.healed_ns + release_ns)
            session = self._get_or_add(self._first, id_)
            yield _end(session, from_ns=from_ns, to_ns=until_ns, number=end.number)
        for call in closes:
            fault, kill = self._session_ends.get(call.session), self._view.kills.get(call.session)
            if fault is None or fault.earliest_ns <= call.invoked_ns:
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
        return self._get_or_add(self._second if id_ in self._session_ends else self._first, id_)

    @staticmethod
    def _get_or_add(sessions: dict[SessionId, ServerSession], id_: SessionId) -> ServerSession:
        return sessions.get(id_) or sessions.setdefault(id_, ServerSession(id_))


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
