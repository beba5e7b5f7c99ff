"""The program of one example: its months, its steps, and how they are run.  Plain data, drawn or written by hand."""

from typing import Literal, NamedTuple

import msgspec

from lock_harness.core.fault import GATE_FAULTS, Fault
from lock_harness.core.schedule import SchedulerSpec


class Month(NamedTuple):
    """One month of one year, which is the unit that a lock locks.  In JSON it is a pair, `[2090, 1]`."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"


Verb = Literal[
    "acquire",
    "release",
    "hold",
    "believes",
    "is_locked",
    "list",
    "inspect",
    "reopen",
    "join",
    "count",
    "spawn",
]
"""The kinds of operations.

acquire    ask for a month and wait for at most a timeout
release    release a month, held or not
hold       run a body while holding a month (`with_month_lock`)
believes   ask the client whether it holds a month
is_locked  ask whether any session holds a month
list       ask for all advisory locks
inspect    ask the server, through the lock's session, which settings were changed and whether a transaction is open
reopen     close the session without releasing anything, then open a new one
join       do nothing; an actor runs one operation at a time, so this waits for its pending acquire
count      if the actor holds the month, add one to a number that only the lock protects
spawn      start another program, which inherits open files and keeps running when the actor dies
"""

Mode = Literal["lockstep", "race", "gate"]
"""How the steps of a program are ordered.

lockstep  the actors take the steps one after another, in the order of the program
race      every actor takes its own steps as fast as it can, from a common start
gate      every actor takes its own steps, but each of its messages to the server waits until it is let through
"""

Pooler = Literal["session", "transaction", "unreset"]
"""The mode of a PgBouncer between the actors and the server.

`unreset` is session mode, except that a server session keeps its state when the next client gets it.
"""


Settings = tuple[tuple[str, str], ...]
"""Settings of a database, each with its name and its value."""


class Operation(msgspec.Struct, frozen=True, omit_defaults=True, tag="operation", tag_field="step"):
    """A step that one actor takes through its lock session.

    Attributes:
        month: The month of an acquire, release, hold, believes, is_locked or count.
        timeout_ms: How long an acquire or hold waits for the month.
        raises: The body of a hold raises an error.
        sql_error: That error is the one of a failed statement, which leaves a transaction of the lock's session aborted.
            It has no effect while the actor holds a month: the transaction may be what holds it.
        pending: In lockstep the next steps begin while this operation waits.  A release or crash of the holder, or
            the timeout, ends the wait.
        pause_us: In a race the actor waits this long before the operation, and the body of a hold takes this long.
        at_us: In a race the operation does not begin earlier than this time after the common start.
    """

    actor: int
    verb: Verb
    month: Month | None = None
    timeout_ms: int = 0
    raises: bool = False
    pending: bool = False
    pause_us: int = 0
    at_us: int = 0
    sql_error: bool = False


MOST_EXTRA_CALLS = 1_000_000
"""More calls than the harness adds for one incarnation of an actor."""

VERBS_WITH_MONTH: frozenset[Verb] = frozenset(
    {"acquire", "release", "hold", "believes", "is_locked", "count"}
)

THREAD_VERBS: frozenset[Verb] = frozenset({"acquire", "release", "hold", "is_locked", "list", "count"})
"""The verbs that leave the session as it is, so that actors can share it."""

Step = Operation | Fault


# Saved runs keep the older names of two fields.
class Program(msgspec.Struct, frozen=True, rename={"mode": "schedule", "scheduler": "algorithm"}):
    """Everything random about one example.  It is drawn before anything runs, so it is also the replay token.

    Attributes:
        actors: The number of actors.
        months: All months that the steps use.
        threads: In a race this many actors at a time are threads of one process and share one session: the first ones, the
            next ones, and so on.
        settings: Settings of the database in which the program runs, by name, such as `statement_timeout`.
        rounds: In a race every actor takes its own steps this many times, one round after another.
        choices: At the gate, one number for each decision which actor moves next.  With n actors that can move, the
            choice c picks number c modulo n of them.  Number 0 is the actor that moved last.
        scheduler: At the gate, decides after `choices` are used up.  Without a scheduler each further choice is 0.

    Raises:
        ValueError: The program cannot be run.
    """

    actors: int
    months: tuple[Month, ...]
    steps: tuple[Step, ...]
    mode: Mode = "lockstep"
    pooler: Pooler | None = None
    rounds: int = 1
    choices: tuple[int, ...] = ()
    scheduler: SchedulerSpec | None = None
    threads: int = 1
    settings: Settings = ()

    @property
    def total_steps(self) -> int:
        """How many steps are taken in all rounds.

        Step i of round r has the number r * len(steps) + i in the history.  Calls that the harness adds, such as
        those of the clean-up, have the numbers from `total_steps` on.
        """
        return self.rounds * len(self.steps)

    def first_extra_number(self, incarnation: int) -> int:
        """Return the first number of the calls that the harness adds for this incarnation of an actor.

        No two incarnations share a number: each call is found by its number.
        """
        return self.total_steps + incarnation * MOST_EXTRA_CALLS

    def __post_init__(self) -> None:
        if self.rounds < 1 or (self.rounds > 1 and self.mode != "race"):
            raise ValueError(f"rounds must be 1 (in a race 1 or more), not {self.rounds}")
        self._check_threads()
        if self.mode == "gate" and self.pooler:
            raise ValueError(
                f"the gate cannot see through the pooler {self.pooler!r} which session waits: leave out one of them"
            )
        for year, month in self.months:
            if not (2000 <= year <= 2099 and 1 <= month <= 12):
                raise ValueError(f"{year}-{month:02d} is not a month from 2000-01 to 2099-12: use another")
        for number, step in enumerate(self.steps):
            if not 0 <= step.actor < self.actors:
                raise ValueError(
                    f"step {number}: there is no actor {step.actor}, since actors = {self.actors}: count them from 0"
                )
            if isinstance(step, Operation):
                self._check_operation(number, step)
            elif self.mode == "gate":
                _check_gate_fault(number, step)
            else:
                self._check_fault(number, step)

    def _check_threads(self) -> None:
        if self.threads < 1 or (self.threads > 1 and self.mode != "race"):
            raise ValueError(f"threads must be 1 (in a race 1 or more), not {self.threads}")
        for number, step in enumerate(self.steps if self.threads > 1 else ()):
            kind = step.kind if isinstance(step, Fault) else step.verb
            if isinstance(step, Fault) or step.sql_error or step.verb not in THREAD_VERBS:
                raise ValueError(
                    f"step {number}: actors that share a session cannot run {kind!r}: use {', '.join(sorted(THREAD_VERBS))}"
                )

    def _check_operation(self, number: int, step: Operation) -> None:
        if self.mode == "gate" and step.pending:
            raise ValueError(f"step {number}: the gate cannot run a pending operation: leave out pending")
        if self.mode == "gate" and step.verb in ("join", "spawn", "inspect"):
            raise ValueError(f"step {number}: the gate cannot run {step.verb!r}: leave it out")
        if step.at_us < 0 or (step.at_us and self.mode != "race"):
            raise ValueError(f"step {number}: at_us must be 0 (in a race 0 or more), not {step.at_us}")
        if step.timeout_ms < 0:
            raise ValueError(f"step {number}: timeout_ms must be 0 or more, not {step.timeout_ms}")
        if step.sql_error and not (step.verb == "hold" and step.raises):
            raise ValueError(
                f"step {number}: sql_error needs a hold with raises=True: add it, or leave out sql_error"
            )
        if step.verb in VERBS_WITH_MONTH and step.month is None:
            raise ValueError(f"step {number}: {step.verb} has no month: add one")
        if step.verb in VERBS_WITH_MONTH and step.month not in self.months:
            raise ValueError(f"step {number}: {step.month} is not among the months of the program: add it")

    def _check_fault(self, number: int, fault: Fault) -> None:
        if fault.traits.needs_gate or fault.message or fault.point != "before":
            raise ValueError(
                f"step {number}: only the gate can inject {fault.kind!r} at a message, not {self.mode}: use at_gate(...)"
            )
        if fault.traits.lasting and self.mode != "race":
            raise ValueError(
                f"step {number}: only a race can have a {fault.kind!r}, which lasts, not {self.mode}: use mode='race'"
            )


def _check_gate_fault(number: int, fault: Fault) -> None:
    if fault.message < 0:
        raise ValueError(f"step {number}: message must be 0 or more, not {fault.message}")
    if fault.kind not in GATE_FAULTS:
        raise ValueError(
            f"step {number}: the gate cannot inject {fault.kind!r}: use one of {', '.join(GATE_FAULTS)}"
        )
    if fault.point not in GATE_FAULTS[fault.kind]:
        points = " or ".join(map(repr, GATE_FAULTS[fault.kind]))
        raise ValueError(f"step {number}: point of {fault.kind!r} must be {points}, not {fault.point!r}")
