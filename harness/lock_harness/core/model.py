"""The words of the harness as plain, frozen data: what was drawn, what happened, what it means.

Nothing here does anything.  Every other module speaks in these types, and a saved run is nothing
but a `Run` in JSON.  All times are CLOCK_MONOTONIC nanoseconds (`_ns`), which every process of one
machine shares; all requested durations are milliseconds (`_ms`).
"""

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from lock_harness.core.fault import GATE_FAULTS, LASTING_FAULTS, Fault, FaultKind
from lock_harness.core.schedule import Algorithm, Promise, Search


class Month(NamedTuple):
    """What is locked: one month of one year.  In JSON a pair, `[2090, 1]`."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"


Verb = Literal["acquire", "release", "hold", "is_locked", "list", "reopen", "join", "count", "spawn"]
Schedule = Literal["lockstep", "race", "gate"]
Pooler = Literal["session", "transaction", "unreset"]


class Operation(msgspec.Struct, frozen=True, omit_defaults=True, tag="operation", tag_field="step"):
    """A step that one actor takes through its lock session.

    acquire    ask for `month`, for at most `timeout_ms`
    release    give `month` back, held or not
    hold       run a body under the lock (`with_month_lock`); with `raises` the body fails
    is_locked  ask whether anybody holds `month`
    list       ask for all advisory locks
    reopen     close the session without releasing anything, then open a new one
    join       do nothing; as an actor does one thing at a time, this waits for its pending acquire
    spawn      start another program, which lives on if the actor dies, with all that it inherits
    count      if `month` is held, add one to a number that nothing but the lock protects: in a file, or the lock's own

    `pending`: in lockstep the others go on while this operation waits; a release, a crash or the timeout
    ends it.  `pause_us`: in a race the actor does nothing for so many microseconds before it; the body of
    a hold takes so long.
    """

    actor: int
    verb: Verb
    month: Month | None = None
    timeout_ms: int = 0
    raises: bool = False
    pending: bool = False
    pause_us: int = 0


Step = Operation | Fault


class Program(msgspec.Struct, frozen=True):
    """Everything random about one example, drawn before anything runs.  It is the replay token.

    `schedule`: lockstep takes the steps one after the other; in a race every actor takes its own as fast as
    it can, from a common start; at the gate, too, but each message to the server waits there for its turn.
    `choices`: at the gate, who of those that may move does, one number for each decision: c picks number c modulo
    how many there are; who moved last is number 0.  `algorithm` picks when they are used up; without one it is 0.
    `pooler`: the mode of the PgBouncer that stands between them and the server, if any; unreset: session mode,
    but what a client leaves behind is not cleared away for the next one.
    `rounds`: in a race every actor takes its own steps so many times, one round after the other.
    `ValueError` for one that cannot be carried out.
    """

    actors: int
    months: tuple[Month, ...]
    steps: tuple[Step, ...]
    schedule: Schedule = "lockstep"
    pooler: Pooler | None = None
    rounds: int = 1
    choices: tuple[int, ...] = ()
    algorithm: Algorithm | None = None

    @property
    def numbers(self) -> int:
        """The numbers of its events are below this: round * len(steps) + index of the step."""
        return self.rounds * len(self.steps)

    def __post_init__(self) -> None:
        if self.rounds < 1 or (self.rounds > 1 and self.schedule != "race"):
            raise ValueError(f"{self.rounds} rounds: there must be 1, or in a race more")
        if self.schedule == "gate" and self.pooler:
            raise ValueError(
                "the gate sees who waits for whom at the server, which a pooler hides: take one of them"
            )
        for year, month in self.months:
            if not (2000 <= year <= 2099 and 1 <= month <= 12):
                raise ValueError(f"there is no month {year}-{month:02d} within 2000-01 and 2099-12")
        for number, step in enumerate(self.steps):
            if not 0 <= step.actor < self.actors:
                raise ValueError(
                    f"step {number} is of actor {step.actor}, but there are {self.actors} actors"
                )
            if isinstance(step, Operation):
                self._check(number, step)
            else:
                self._check_fault(number, step)

    def _check_fault(self, number: int, fault: Fault) -> None:
        if fault.message < 0:
            raise ValueError(f"step {number} is a {fault.kind} at message {fault.message}: they count from 0")
        if self.schedule != "gate":
            if fault.kind == "late" or fault.message or fault.point != "before":
                raise ValueError(
                    f"step {number} is a {fault.kind} at a message, which only the gate can have"
                )
            if fault.kind in LASTING_FAULTS and self.schedule != "race":
                raise ValueError(f"step {number} is a {fault.kind}, which only a race can have")
        elif fault.kind not in GATE_FAULTS:
            raise ValueError(
                f"step {number} is a {fault.kind}: the faults at the gate are {', '.join(GATE_FAULTS)}"
            )
        elif fault.point not in GATE_FAULTS[fault.kind]:
            points = " or ".join(GATE_FAULTS[fault.kind])
            raise ValueError(
                f"step {number} is a {fault.kind} {fault.point} a message: it can only be {points}"
            )

    def _check(self, number: int, step: Operation) -> None:
        if self.schedule == "gate" and (step.pending or step.verb in ("join", "spawn")):
            what = "pending" if step.pending else f"a {step.verb}"
            raise ValueError(f"step {number} is {what}, which the gate cannot have")
        if step.timeout_ms < 0:
            raise ValueError(f"step {number} has the timeout {step.timeout_ms} ms: it must be 0 or more")
        if (
            step.verb in ("acquire", "release", "hold", "is_locked", "count")
            and step.month not in self.months
        ):
            what = (
                "no month: give it one"
                if step.month is None
                else f"{step.month}, which is not among the program's"
            )
            raise ValueError(f"step {number}, {step.verb}, is about {what}")


EventKind = Literal["invoke", "enter", "leave", "ok", "info", "fault", "heal", "gone", "lingers"]


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):  # there are a great many
    """One line of a history.

    invoke         an operation begins; carries the operation's own fields
    ok / info      it ended and we know / do not know its effect (`error`: what it raised)
    enter / leave  the body of a `hold` begins / ends
    fault / heal   logged just before a fault strikes, just after it was undone (`fault`: which)
    gone / lingers the server has / has not noticed, within the bound, that the session has ended

    `life` tells an actor's lock sessions apart: it goes up with every crash and every reopen.
    `number` counts the operations of the example; those from the program have the step's index, plus the
    number of steps for every round before.
    """

    at_ns: int
    kind: EventKind
    actor: int
    life: int
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


class ServerLock(msgspec.Struct, frozen=True):
    """An advisory lock of one actor's session as the server's own `pg_locks` shows it."""

    actor: int
    pid: int
    key: str
    granted: bool


class AdvisoryLock(msgspec.Struct, frozen=True):
    """Anybody's advisory lock of this database: a session that holds it or, not `granted`, waits for it.

    `lock_key` is the bigint key, or of a pair of integers the same 64 bits, with `pair` true.
    `since` is when the session last changed its state: a held lock can be older than that, never younger;
    a wait began then.
    """

    lock_key: int
    pair: bool
    pid: int
    mode: str
    granted: bool
    application_name: str
    client: str
    since: datetime | None
    state: str


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


GOOD_BYE = "Terminate"  # the text of a move in which a client ends its session


class Statement(msgspec.Struct, frozen=True, omit_defaults=True):
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


class History(msgspec.Struct, frozen=True):
    """What happened in one example, in the order of time.

    `gave_up_ns`: somebody did not go on, mostly as a call did not return, and that is when we stopped waiting.
    `statements`: the moves at the gate, if there was one; those of a race were recorded there.
    """

    actors: int
    months: tuple[Month, ...]
    events: tuple[Event, ...]
    audits: tuple[Audit, ...] = ()
    stalls: tuple[Stall, ...] = ()
    gave_up_ns: int | None = None
    statements: tuple[Statement, ...] = ()


Status = Literal["holds", "violated", "unknown"]


class Verdict(msgspec.Struct, frozen=True):
    """What one check says of one history, and the numbers of the events that prove it.

    `timed`: it leans on an upper bound on time, which a busy machine may break too.
    """

    check: str
    status: Status
    why: str = ""
    evidence: tuple[int, ...] = ()
    timed: bool = False


class CrashPoint(msgspec.Struct, frozen=True):
    """A fault at one message that an actor says to the server, and what came of it.

    `number`, `verb`, `month`: the operation, in the program without the fault.  `text`: the message.  `overtaken`: right
    after the fault another actor moves; else the struck one goes on, if it can.
    """

    number: int
    verb: Verb
    month: Month | None
    text: str
    fault: Fault
    overtaken: bool
    status: Status = "unknown"
    why: str = "it was not tried"


class Bounds(msgspec.Struct, frozen=True):
    """How late is too late.  Lower bounds on time need no allowance; these are the upper ones.

    release_ms   a dead or closed client's locks are free after this
    late_ms      an acquire returns at most this much after its timeout
    handover_ms  a waiting acquire gets a month that has been free for this long
    stall_ms     a late answer is `unknown` when the machine itself stalled for this long meanwhile
    """

    release_ms: int = 1000
    late_ms: int = 100
    handover_ms: int = 250
    stall_ms: int = 10


class Environment(msgspec.Struct, frozen=True):
    """Where it ran: enough to compare two runs, and never a secret."""

    harness: str
    python: str
    system: str
    cpus: int
    server: str
    server_kind: str


class Spread(msgspec.Struct, frozen=True):
    """A measured quantity, in milliseconds."""

    count: int
    median_ms: float
    p99_ms: float
    max_ms: float


WAIT_BOUNDS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class Figures(msgspec.Struct, frozen=True):
    """What was measured over all examples of a run.

    release     from the end of a session to the moment when the server was seen to have let go
    belief      for how long a client believed that it held a month after a fault had ended its session
    shared_ms   the longest that another session surely held the month during one such belief
    uncontended   how long it took to get a month that nobody else can have held meanwhile
    waits       how long it took to get a month that another session surely held for some of that time
    wait_buckets  how many of the waits lasted up to each of `WAIT_BOUNDS_MS`, and at last how many longer
    overtaken   the most that others were granted a month who had asked for it later than one who waited

    Of the last four without those whose actor was stopped or slowed while it asked.
    """

    examples: int = 0
    violated: int = 0
    unknown: int = 0
    operations: int = 0
    faults: int = 0
    seconds: float = 0.0
    release: Spread | None = None
    belief: Spread | None = None
    shared_ms: float = 0.0
    uncontended: Spread | None = None
    waits: Spread | None = None
    wait_buckets: tuple[int, ...] = ()
    overtaken: int = 0


class Run(msgspec.Struct, frozen=True):
    """All that reports read, and all that a replay needs: one scenario's result, in one JSON file.

    `program`, `history` and `verdicts` are those of the failing example, shrunk; without one, those of the first doubt,
    or of the first that broke other checks than a planted lock should, or of the last example.  `first_program` and
    `first_history` keep the first evidence as it was found.  `lock` is an importable name, or with `lock_command` a command line.
    `repeats`: the shrunk program failed k of n times.
    """

    scenario: str
    about: str
    lock: str
    lock_command: bool
    seed: int
    status: Status
    program: Program
    history: History
    verdicts: tuple[Verdict, ...]
    bounds: Bounds
    figures: Figures
    environment: Environment
    repeats: tuple[int, int] | None = None
    first_program: Program | None = None
    first_history: History | None = None
    expects: str | None = None
    search: Search | None = None
    points: tuple[CrashPoint, ...] = ()
    promise: Promise | None = None
    diverged: str | None = None  # the choices at the gate did not lead there again, so nothing was shrunk
    missed: tuple[Fault, ...] = ()  # faults of a fixed program that never struck
    why_race: str | None = None  # a race was shrunk as one, because it did not go wrong at the gate
    soiled: bool = False  # it left months locked on a server that is not ours to clean
    format: Literal[1] = 1

    @property
    def broken(self) -> tuple[str, ...]:
        """The names of the checks that the example violates, perhaps not those that a planted lock was to violate."""
        return tuple(verdict.check for verdict in self.verdicts if verdict.status == "violated")
