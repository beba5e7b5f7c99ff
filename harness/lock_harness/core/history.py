"""What happened in one example.

All times are CLOCK_MONOTONIC nanoseconds (`_ns`), which every process of one machine shares; all requested
durations are milliseconds (`_ms`).
"""

from typing import Literal, NamedTuple

import msgspec

from lock_harness.core.fault import FAULTS, FaultKind
from lock_harness.core.program import Month, Verb

EventKind = Literal["invoke", "enter", "leave", "ok", "info", "fault", "heal", "gone", "lingers"]


class SessionId(NamedTuple):
    """One lock session: the actor, and which of its incarnations opened it."""

    actor: int
    incarnation: int


class Event(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    gc=False,  # there are a great many
    rename={"incarnation": "life"},  # saved runs keep their keys
):
    """One line of a history.

    invoke         an operation begins; carries the operation's own fields
    ok / info      it ended and we know / do not know its effect (`error`: what it raised)
    enter / leave  the body of a `hold` begins / ends
    fault / heal   logged just before a fault strikes, just after it was undone (`fault`: which)
    gone / lingers the server has / has not noticed, within the bound, that the session has ended

    `incarnation` tells an actor's lock sessions apart: it goes up with every crash and every reopen.
    `number` counts the operations of the example; those from the program have the step's index, plus the
    number of steps for every round before.
    """

    at_ns: int
    kind: EventKind
    actor: int
    incarnation: int
    number: int
    verb: Verb | None = None
    month: Month | None = None
    fault: FaultKind | None = None
    timeout_ms: int = 0
    raises: bool = False
    answer: bool | None = None
    listed: tuple[Month, ...] | None = None
    error: str | None = None
    counted: int | None = None  # count: the number that was found
    own_error: bool = False  # hold: the exception that came out is the very one that the body raised

    @property
    def session(self) -> SessionId:
        """The lock session that the event belongs to."""
        return SessionId(self.actor, self.incarnation)

    @property
    def ends_only_session(self) -> bool:
        """Whether it is a fault that ends the session of a process that lives on, or the healing of one."""
        return self.fault is not None and FAULTS[self.fault].ends_session

    @property
    def ends_session(self) -> bool:
        """Whether it is a fault that ends the session, with its process or without, or the healing of one."""
        return self.fault is not None and (FAULTS[self.fault].ends_session or FAULTS[self.fault].ends_process)


class ServerLock(msgspec.Struct, frozen=True):
    """An advisory lock of one actor's session as the server's own `pg_locks` shows it."""

    actor: int
    pid: int
    key: str
    granted: bool


class Audit(msgspec.Struct, frozen=True):
    """`pg_locks` at a quiet point beside what the clients' answers add up to.

    `held` has one (actor, month) for every hold; `waited_ns` is how long the server was given to agree;
    `sessions` says how many of the actors' sessions the server could name.
    """

    at_ns: int
    where: Literal["after the steps", "at the end"]
    held: tuple[tuple[int, Month], ...]
    locks: tuple[ServerLock, ...]
    sessions: int
    waited_ns: int


class Stall(msgspec.Struct, frozen=True):
    """The machine did not run us: the stall meter woke at `at_ns`, `overslept_ns` later than it asked."""

    at_ns: int
    overslept_ns: int


TERMINATE = "Terminate"  # the text of a move in which a client ends its session


class Move(msgspec.Struct, frozen=True, omit_defaults=True):
    """One move at the gate: what was let through to the server at `at_ns`, on whose behalf, in which step of which month.

    `enabled` has those who might have moved instead, in the order that `choices` count in; none in a race.  `text` is the SQL with
    its values, and is empty if nothing was said to the server: a step begins at the gate, also one that needs no
    server.
    """

    at_ns: int
    actor: int
    number: int
    text: str
    enabled: tuple[int, ...]
    month: Month | None = None


class History(msgspec.Struct, frozen=True, rename={"moves": "statements"}):  # saved runs keep their keys
    """What happened in one example, in the order of time.

    `gave_up_ns`: somebody did not go on, mostly as a call did not return, and that is when we stopped waiting.
    `moves`: the moves at the gate, if there was one; those of a race were recorded there.
    """

    actors: int
    months: tuple[Month, ...]
    events: tuple[Event, ...]
    audits: tuple[Audit, ...] = ()
    stalls: tuple[Stall, ...] = ()
    gave_up_ns: int | None = None
    moves: tuple[Move, ...] = ()
