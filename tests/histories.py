"""Write histories by hand, in a short form.

    history(
        call(0, "acquire", JAN, at=0, took=1, answer=True),
        call(1, "acquire", JAN, at=2, took=1, answer=True),
    )

Times are in milliseconds.  The numbers of calls and faults follow the order in which they are written.
"""

from typing import Any

from lock_harness.core.contract import Contract
from lock_harness.core.fault import FaultKind, Point
from lock_harness.core.history import Audit, Event, History, ServerLock, Stall
from lock_harness.core.program import Month, Verb
from lock_harness.core.verdict import Status

JAN = Month(2090, 1)
FEB = Month(2090, 2)
MS = 1_000_000

# the events of one call or fault
Part = list[dict[str, Any]]
# a history, a description, and the status that a check must return for it
Case = tuple[Status, str, History]
# the same for a lock that declares this contract
ContractCase = tuple[Status, str, Contract, History]


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
    body: tuple[float, float | None] | None = None,
    **answer: Any,
) -> Part:
    """Return the events of one call.

    `took` None: the call never returned.  `body`: when the body of a hold began and ended, None if it did not end.
    An `error` in `answer` makes the call indeterminate, unless there is an answer beside it.
    """
    who = {"actor": actor, "incarnation": incarnation, "verb": verb, "month": month}
    events: Part = [{"at": at, "kind": "invoke", "timeout_ms": timeout, "raises": raises, **who}]
    if body:
        entered, left = body
        events.append({"at": entered, "kind": "enter", **who})
        if left is not None:
            events.append({"at": left, "kind": "leave", **who})
    if took is not None:
        events.append(
            {
                "at": at + took,
                "kind": "info" if {*answer} & {"error", "answer"} == {"error"} else "ok",
                **who,
                **answer,
            }
        )
    return events


def acquire(actor: int, at: float, answer: bool | None, **more: Any) -> Part:
    """Return an acquire of January."""
    answers = more if answer is None else {"answer": answer, **more}
    return call(actor, "acquire", JAN, at=at, **answers)


def kill(actor: int, *, at: float, incarnation: int = 0, gone_after: float | None = 2) -> Part:
    """Return a SIGKILL, and the event that the server has noticed it."""
    events = fault("kill", actor, at=at, incarnation=incarnation)
    return events if gone_after is None else events + gone(actor, at=at + gone_after, incarnation=incarnation)


def fault(
    kind: FaultKind,
    actor: int,
    *,
    at: float,
    incarnation: int = 0,
    healed: float | None = None,
    point: Point | None = None,
) -> Part:
    """Return a fault, at the gate with the point where it hits its message, and its healing."""
    who = {"actor": actor, "incarnation": incarnation}
    events: Part = [{"at": at, "kind": "fault", "fault": kind, "point": point, **who}]
    if healed is not None:
        events.append({"at": healed, "kind": "heal", "fault": kind, **who})
    return events


def gone(actor: int, *, at: float, incarnation: int = 0) -> Part:
    """Return the event that the server has noticed the end of the session."""
    return [{"at": at, "kind": "gone", "actor": actor, "incarnation": incarnation}]


def died(actor: int, *, at: float, incarnation: int = 0, how: str = "exit code 1") -> Part:
    """Return the event that the process was found to have ended by itself, and that the server has noticed it."""
    who = {"actor": actor, "incarnation": incarnation}
    return [{"at": at, "kind": "died", "error": how, **who}, *gone(at=at + 2, **who)]


def lingers(actor: int, *, at: float, incarnation: int = 0) -> Part:
    """Return the event that the server has not noticed the end of the session within the bound."""
    return [{"at": at, "kind": "lingers", "actor": actor, "incarnation": incarnation}]


def audit(
    held: list[tuple[int, Month]], locks: list[tuple[int, str]], sessions: int = 2, at: float = 0
) -> Audit:
    """Return an audit: the (actor, month) pairs held by the answers, and the (actor, key) pairs of the locks."""
    rows = tuple(ServerLock(actor, 1000 + actor, key, granted=True) for actor, key in locks)
    return Audit(int(at * MS), "after the steps", tuple(held), rows, sessions, 0)


def stall(at: float, overslept: float) -> Stall:
    """Return a stall of the machine that ended at `at`."""
    return Stall(int(at * MS), int(overslept * MS))


def history(
    *parts: Part,
    audits: tuple[Audit, ...] = (),
    stalls: tuple[Stall, ...] = (),
    gave_up: float | None = None,
    actors: int = 2,
) -> History:
    """Return the history of these calls and faults."""
    events = []
    for number, part in enumerate(parts):
        for fields in part:
            what = {name: value for name, value in fields.items() if name != "at"}
            events.append(Event(at_ns=int(fields["at"] * MS), number=number, **what))
    events.sort(key=lambda event: event.at_ns)
    return History(
        actors, (JAN, FEB), tuple(events), audits, stalls, None if gave_up is None else int(gave_up * MS)
    )
