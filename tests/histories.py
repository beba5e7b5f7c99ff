"""Histories written by hand: what the checks must accept and what they must refuse.

    history(
        call(0, "acquire", JAN, at=0, took=1, answer=True),
        call(1, "acquire", JAN, at=2, took=1, answer=True),
    )

Times are milliseconds.  Calls are numbered in the order in which they are written.
"""

from typing import Any

from lock_harness.core.fault import FaultKind
from lock_harness.core.history import Audit, Event, History, ServerLock, Stall
from lock_harness.core.program import Month, Verb

JAN = Month(2090, 1)
FEB = Month(2090, 2)
MS = 1_000_000

Part = list[dict[str, Any]]


def call(
    actor: int,
    verb: Verb,
    month: Month | None = None,
    *,
    at: float,
    took: float | None = 1,
    incarnation: int = 0,
    timeout: int = 0,
    raises: bool = False,
    body: tuple[float, float] | None = None,
    **answer: Any,
) -> Part:
    """One call; `took` None: it never returned; `body`: when the body of a hold began and ended."""
    who = {"actor": actor, "incarnation": incarnation, "verb": verb, "month": month}
    events: Part = [{"at": at, "kind": "invoke", "timeout_ms": timeout, "raises": raises, **who}]
    if body:
        events += [{"at": body[0], "kind": "enter", **who}, {"at": body[1], "kind": "leave", **who}]
    if took is not None:
        events.append({"at": at + took, "kind": "info" if "error" in answer else "ok", **who, **answer})
    return events


def acquire(actor: int, at: float, answer: bool | None, **more: Any) -> Part:
    """An acquire of January."""
    return call(actor, "acquire", JAN, at=at, answer=answer, **more)


def kill(actor: int, *, at: float, incarnation: int = 0, gone_after: float | None = 2) -> Part:
    """SIGKILL, and the moment when the server had noticed."""
    events = fault("kill", actor, at=at, incarnation=incarnation)
    return events if gone_after is None else events + gone(actor, at=at + gone_after, incarnation=incarnation)


def fault(
    kind: FaultKind, actor: int, *, at: float, incarnation: int = 0, healed: float | None = None
) -> Part:
    """What was done to an actor, and when it was undone."""
    events: Part = [{"at": at, "kind": "fault", "fault": kind, "actor": actor, "incarnation": incarnation}]
    if healed is not None:
        events.append(
            {"at": healed, "kind": "heal", "fault": kind, "actor": actor, "incarnation": incarnation}
        )
    return events


def gone(actor: int, *, at: float, incarnation: int = 0) -> Part:
    """The server has noticed that the session has ended."""
    return [{"at": at, "kind": "gone", "actor": actor, "incarnation": incarnation}]


def lingers(actor: int, *, at: float, incarnation: int = 0) -> Part:
    """The server has not noticed it within the bound."""
    return [{"at": at, "kind": "lingers", "actor": actor, "incarnation": incarnation}]


def audit(
    held: list[tuple[int, Month]], locks: list[tuple[int, str]], sessions: int = 2, at: float = 0
) -> Audit:
    """What the server has of each actor, by key, beside what the clients were told."""
    rows = tuple(ServerLock(actor, 1000 + actor, key, granted=True) for actor, key in locks)
    return Audit(int(at * MS), "after the steps", tuple(held), rows, sessions, 0)


def stall(at: float, overslept: float) -> Stall:
    return Stall(int(at * MS), int(overslept * MS))


def history(
    *parts: Part,
    audits: tuple[Audit, ...] = (),
    stalls: tuple[Stall, ...] = (),
    gave_up: float | None = None,
    actors: int = 2,
) -> History:
    events = []
    for number, part in enumerate(parts):
        for fields in part:
            what = {name: value for name, value in fields.items() if name != "at"}
            events.append(Event(at_ns=int(fields["at"] * MS), number=number, **what))
    events.sort(key=lambda event: event.at_ns)
    return History(
        actors, (JAN, FEB), tuple(events), audits, stalls, None if gave_up is None else int(gave_up * MS)
    )
