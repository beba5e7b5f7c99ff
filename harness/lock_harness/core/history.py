"""The history of one example: events, audits, stalls, and moves at the gate.

All times are CLOCK_MONOTONIC nanoseconds (`_ns`), a clock that all processes of one machine share.  All requested
durations are milliseconds (`_ms`).
"""

from typing import Literal, NamedTuple

import msgspec

from lock_harness.core.fault import FAULTS, FaultKind, Point
from lock_harness.core.program import Month, Verb

EventKind = Literal["invoke", "enter", "leave", "ok", "info", "fault", "heal", "gone", "lingers", "died"]


class SessionId(NamedTuple):
    """One lock session: the actor, and which of its incarnations opened it."""

    actor: int
    incarnation: int


SessionState = tuple[str, ...]
"""What a session has that a new one has not: changed settings as `name=value`, and an open transaction."""


class Event(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    # there are very many events
    gc=False,
    # saved runs keep their keys
    rename={"incarnation": "life"},
):
    """One line of a history.  The names of invoke, ok and info are those of Jepsen.

    invoke         an operation begins; the event has the operation's own fields
    ok / info      the operation ended, and its effect is known / not known (`error`: the exception that it raised)
    enter / leave  the body of a `hold` begins / ends
    fault / heal   logged just before a fault is injected / just after it was undone (`fault`: its kind)
    gone / lingers the server has / has not noticed, within the bound, that the session has ended
    died           the process of the session was found to have ended by itself (`error`: how)

    `incarnation` distinguishes the lock sessions of an actor: it increases with every crash and every reopen.
    `number` identifies an operation or a fault in the example.  For a step of the program it is the index of the step,
    plus the number of steps for every round before.
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
    sql_error: bool = False
    answer: bool | None = None
    listed: tuple[Month, ...] | None = None
    error: str | None = None
    # count: the number that the operation found
    counted: int | None = None
    # hold: the exception that reached the caller is the same object that the body raised
    own_error: bool = False
    # inspect: the state of the session before the first step, or when it was opened later, and now
    inspected: tuple[SessionState, SessionState] | None = None
    # a fault at the gate: where it hit the message
    point: Point | None = None

    @property
    def session(self) -> SessionId:
        """The lock session that the event belongs to."""
        return SessionId(self.actor, self.incarnation)

    @property
    def ends_only_session(self) -> bool:
        """Whether this is a fault, or the healing of a fault, that ends the session of a process that continues."""
        return self.fault is not None and FAULTS[self.fault].ends_session

    @property
    def ends_session(self) -> bool:
        """Whether the session ends here, alone or with its process: by a fault, by the healing of one, or by itself."""
        if self.fault is None:
            return self.kind == "died"
        return FAULTS[self.fault].ends_session or FAULTS[self.fault].ends_process


class ServerLock(msgspec.Struct, frozen=True):
    """An advisory lock of one actor's session, as `pg_locks` on the server shows it."""

    actor: int
    pid: int
    key: str
    granted: bool


class Audit(msgspec.Struct, frozen=True):
    """The rows of `pg_locks` at a quiet point, and the holds according to the answers to the clients.

    held       one (actor, month) for every hold
    sessions   how many of the actors' sessions the server could name
    waited_ns  how long the observer waited until the two agreed, or gave up
    """

    at_ns: int
    where: Literal["after the steps", "at the end"]
    held: tuple[tuple[int, Month], ...]
    locks: tuple[ServerLock, ...]
    sessions: int
    waited_ns: int


class Stall(msgspec.Struct, frozen=True):
    """A time in which the machine did not run the stall meter: it woke at `at_ns`, `overslept_ns` too late."""

    at_ns: int
    overslept_ns: int


class SessionAge(msgspec.Struct, frozen=True, omit_defaults=True):
    """How old the session of an actor was when the actor began the program, or took the place of a killed one.

    opened_ns    when it was opened
    used_ns      when its last call in an earlier program began or returned; None if it had made none
    new_process  its process had made no call at all, in this session or in an earlier one
    """

    actor: int
    incarnation: int
    opened_ns: int
    used_ns: int | None = None
    new_process: bool = False

    @property
    def session(self) -> SessionId:
        return SessionId(self.actor, self.incarnation)


# the text of a move in which a client ends its session
TERMINATE = "Terminate"


class Move(msgspec.Struct, frozen=True, omit_defaults=True):
    """One move at the gate: the SQL that was sent to the server at `at_ns`, for an actor, in a step of the program.

    text     the SQL with its values; empty if nothing was sent, as a step begins at the gate even if it needs no server
    enabled  the actors that could have moved instead, in the order that `choices` count in; empty in a race
    month    the month of the step
    error    the error with which the server replied, as its SQLSTATE and its message
    """

    at_ns: int
    actor: int
    number: int
    text: str
    enabled: tuple[int, ...]
    month: Month | None = None
    error: str | None = None


# saved runs keep their keys
class History(msgspec.Struct, frozen=True, rename={"moves": "statements"}):
    """The history of one example, in the order of time.

    gave_up_ns  when the harness stopped waiting for an actor that did not go on, mostly because a call did not return
    moves       the moves at the gate, if there was one; the moves of a race if it was recorded
    sessions    the ages of the sessions with which the actors began
    """

    actors: int
    months: tuple[Month, ...]
    events: tuple[Event, ...]
    audits: tuple[Audit, ...] = ()
    stalls: tuple[Stall, ...] = ()
    gave_up_ns: int | None = None
    moves: tuple[Move, ...] = ()
    sessions: tuple[SessionAge, ...] = ()
