"""Calls: each operation that an actor called on its lock session, with its outcome, put together from events."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from lock_harness.core.history import Event, SessionId, SessionState
from lock_harness.core.program import Month, Verb

FOREVER = 2**63 - 1


class Call(msgspec.Struct, frozen=True, gc=False):
    """One operation from its invocation to its return; `returned_ns` is None if it never returned.

    `entered_ns` and `left_ns`: when the body of a `hold` began and ended.  `refused_by`: the exception that stands for the
    answer False, as the lock's contract declares.  The other fields are those of `Event`.
    """

    session: SessionId
    number: int
    verb: Verb
    month: Month | None
    timeout_ms: int
    raises: bool
    sql_error: bool
    invoked_ns: int
    returned_ns: int | None = None
    answer: bool | None = None
    listed: tuple[Month, ...] | None = None
    counted: int | None = None
    error: str | None = None
    refused_by: str | None = None
    own_error: bool = False
    inspected: tuple[SessionState, SessionState] | None = None
    entered_ns: int | None = None
    left_ns: int | None = None

    @property
    def until_ns(self) -> int:
        """The time of the return, or FOREVER."""
        return FOREVER if self.returned_ns is None else self.returned_ns

    @property
    def is_silent(self) -> bool:
        """Whether it returned without an answer: a release of a lock whose contract says so."""
        return self.answer is None and self.error is None and self.returned_ns is not None

    @property
    def indeterminate(self) -> bool:
        """Whether it may or may not have taken effect."""
        return self.returned_ns is None or self.error is not None

    def __str__(self) -> str:
        month = f" of {self.month}" if self.month else ""
        return f"{self.verb}{month} by actor {self.session.actor}"


def calls_of(events: Iterable[Event]) -> tuple[Call, ...]:
    """Return all calls, in the order of their invocation."""
    invocations: list[Event] = []
    ends: list[Event | None] = []
    # when the body of a call began or ended, by the call's place in `invocations`
    bodies: dict[tuple[int, str], int] = {}
    # the places of the calls that have not returned yet
    pending: dict[tuple[int, int, int], int] = {}
    for event in events:
        if event.verb is None:
            continue
        key, kind = (event.actor, event.incarnation, event.number), event.kind
        if kind == "invoke":
            pending[key] = len(invocations)
            invocations.append(event)
            ends.append(None)
        elif key in pending:
            if kind == "enter" or kind == "leave":
                bodies[pending[key], kind] = event.at_ns
            else:
                ends[pending.pop(key)] = event
    calls = _joined(invocations, ends)
    for (place, part), at_ns in bodies.items():
        calls[place] = replace(calls[place], **{"entered_ns" if part == "enter" else "left_ns": at_ns})
    return tuple(calls)


def _joined(invocations: list[Event], ends: list[Event | None]) -> list[Call]:
    # one object for each session: there are many calls and few sessions
    sessions: dict[tuple[int, int], SessionId] = {}
    calls = []
    for invocation, end in zip(invocations, ends, strict=True):
        key = invocation.actor, invocation.incarnation
        session = sessions.get(key) or sessions.setdefault(key, invocation.session)
        calls.append(_call(session, invocation, end))
    return calls


def _call(session: SessionId, invocation: Event, end: Event | None) -> Call:
    # an invocation has no outcome: its fields are the defaults for a call that never returned
    outcome = end or invocation
    return Call(
        session=session,
        number=invocation.number,
        verb=invocation.verb or "join",
        month=invocation.month,
        timeout_ms=invocation.timeout_ms,
        raises=invocation.raises,
        sql_error=invocation.sql_error,
        invoked_ns=invocation.at_ns,
        returned_ns=None if end is None else end.at_ns,
        answer=outcome.answer,
        listed=outcome.listed,
        counted=outcome.counted,
        error=outcome.error if outcome.kind == "info" else None,
        refused_by=outcome.error if outcome.kind == "ok" else None,
        own_error=outcome.own_error,
        inspected=outcome.inspected,
    )
