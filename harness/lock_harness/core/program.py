"""What was drawn, or written down: months, steps, and the programs that they make up."""

from typing import Literal, NamedTuple

import msgspec

from lock_harness.core.fault import GATE_FAULTS, Fault
from lock_harness.core.schedule import SchedulerSpec


class Month(NamedTuple):
    """What is locked: one month of one year.  In JSON a pair, `[2090, 1]`."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"


Verb = Literal["acquire", "release", "hold", "is_locked", "list", "reopen", "join", "count", "spawn"]


Mode = Literal["lockstep", "race", "gate"]


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


class Program(
    msgspec.Struct, frozen=True, rename={"mode": "schedule", "scheduler": "algorithm"}
):  # saved runs keep their keys
    """Everything random about one example, drawn before anything runs.  It is the replay token.

    `mode`: lockstep takes the steps one after the other; in a race every actor takes its own as fast as
    it can, from a common start; at the gate, too, but each message to the server waits there for its turn.
    `choices`: at the gate, who of those that may move does, one number for each decision: c picks number c modulo
    how many there are; who moved last is number 0.  `scheduler` picks when they are used up; without one it is 0.
    `pooler`: the mode of the PgBouncer that stands between them and the server, if any; unreset: session mode,
    but what a client leaves behind is not cleared away for the next one.
    `rounds`: in a race every actor takes its own steps so many times, one round after the other.
    `ValueError` for one that cannot be carried out.
    """

    actors: int
    months: tuple[Month, ...]
    steps: tuple[Step, ...]
    mode: Mode = "lockstep"
    pooler: Pooler | None = None
    rounds: int = 1
    choices: tuple[int, ...] = ()
    scheduler: SchedulerSpec | None = None

    @property
    def total_steps(self) -> int:
        """The numbers of its events are below this: round * len(steps) + index of the step."""
        return self.rounds * len(self.steps)

    def __post_init__(self) -> None:
        if self.rounds < 1 or (self.rounds > 1 and self.mode != "race"):
            raise ValueError(f"{self.rounds} rounds: there must be 1, or in a race more")
        if self.mode == "gate" and self.pooler:
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
        if self.mode != "gate":
            if fault.traits.needs_gate or fault.message or fault.point != "before":
                raise ValueError(
                    f"step {number} is a {fault.kind} at a message, which only the gate can have"
                )
            if fault.traits.lasting and self.mode != "race":
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
        if self.mode == "gate" and (step.pending or step.verb in ("join", "spawn")):
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
