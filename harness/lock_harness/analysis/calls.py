"""Calls: what somebody asked of the lock and what came of it, put together from events."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from lock_harness.core.history import Event, SessionId
from lock_harness.core.program import Month, Verb

FOREVER = 2**63 - 1


class Call(msgspec.Struct, frozen=True, gc=False):
    """An operation from its invocation to its return; `returned_ns` is None if it never did."""

    session: SessionId
    number: int
    verb: Verb
    month: Month | None
    timeout_ms: int
    raises: bool
    invoked_ns: int
    returned_ns: int | None = None
    answer: bool | None = None
    listed: tuple[Month, ...] | None = None
    counted: int | None = None
    error: str | None = None
    own_error: bool = False
    entered_ns: int | None = None
    left_ns: int | None = None

    @property
    def until_ns(self) -> int:
        return FOREVER if self.returned_ns is None else self.returned_ns

    @property
    def unsure(self) -> bool:
        """Whether it may or may not have had its effect."""
        return self.returned_ns is None or self.error is not None

    def __str__(self) -> str:
        month = f" {self.month}" if self.month else ""
        return f"{self.verb}{month} of actor {self.session.actor}"


def calls_of(events: Iterable[Event]) -> tuple[Call, ...]:
    """All calls, in the order of their invocation."""
    asked: list[Event] = []
    ended: list[Event | None] = []
    bodies: dict[tuple[int, str], int] = {}  # when the body of this call began or ended
    still_open: dict[tuple[int, int, int], int] = {}  # the place in `asked`, until the answer comes
    for event in events:
        if event.verb is None:
            continue
        place_key, kind = (event.actor, event.incarnation, event.number), event.kind
        if kind == "invoke":
            still_open[place_key] = len(asked)
            asked.append(event)
            ended.append(None)
        elif place_key in still_open:
            if kind == "enter" or kind == "leave":
                bodies[still_open[place_key], kind] = event.at_ns
            else:
                ended[still_open.pop(place_key)] = event
    # one object for each session: there are many calls, and few sessions
    sessions: dict[tuple[int, int], SessionId] = {}
    calls = []
    for invocation, end in zip(asked, ended, strict=True):
        key = invocation.actor, invocation.incarnation
        session = sessions.get(key) or sessions.setdefault(key, invocation.session)
        calls.append(_call(session, invocation, end))
    for (place, part), at_ns in bodies.items():
        calls[place] = replace(calls[place], **{"entered_ns" if part == "enter" else "left_ns": at_ns})
    return tuple(calls)


def _call(session: SessionId, asked: Event, end: Event | None) -> Call:
    verb = asked.verb or "join"
    if end is None:
        return Call(session, asked.number, verb, asked.month, asked.timeout_ms, asked.raises, asked.at_ns)
    return Call(
        session=session,
        number=asked.number,
        verb=verb,
        month=asked.month,
        timeout_ms=asked.timeout_ms,
        raises=asked.raises,
        invoked_ns=asked.at_ns,
        returned_ns=end.at_ns,
        answer=end.answer,
        listed=end.listed,
        counted=end.counted,
        error=end.error,
        own_error=end.own_error,
    )
