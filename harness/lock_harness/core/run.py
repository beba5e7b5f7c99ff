"""The result of one scenario.  A saved run is one `Run` as JSON."""

from typing import Literal

import msgspec

from lock_harness.core.contract import DEFAULT, Contract
from lock_harness.core.fault import Fault, FaultKind
from lock_harness.core.history import History
from lock_harness.core.program import Month, Program, Verb
from lock_harness.core.schedule import Pct
from lock_harness.core.verdict import Bounds, Status, Verdict

# the format of a saved run; both lines change together, and the type makes a run of another format invalid
Format = Literal[2]
CURRENT_FORMAT: Format = 2


class PctGuarantee(msgspec.Struct, frozen=True):
    """The probability bound of PCT for a run.

    `pct` and `actors` are those of the largest example that could be drawn.  `moves` is the highest number of moves that
    one example took: moves after the first `pct.length` are not covered by the bound.
    """

    pct: Pct
    actors: int
    moves: int


class OrderCoverage(msgspec.Struct, frozen=True):
    """How many orders of one program's messages were run.

    `runs` counts all runs; `redundant` counts those that were equivalent to earlier runs.  `complete`: no order is left
    to run.  `switches` is the bound on context switches, if there is one; `left_out` counts the choices that it excluded.
    """

    runs: int
    redundant: int
    complete: bool
    switches: int | None = None
    left_out: int = 0

    def __add__(self, other: "OrderCoverage") -> "OrderCoverage":
        """Return the coverage of two programs, or of two parts of one, with the same bound."""
        return OrderCoverage(
            runs=self.runs + other.runs,
            redundant=self.redundant + other.redundant,
            complete=self.complete and other.complete,
            switches=self.switches,
            left_out=self.left_out + other.left_out,
        )


NOT_TRIED = "it was not tried"


class ScopeCoverage(msgspec.Struct, frozen=True):
    """How many of all programs of a few steps were run: with 1 step, with 2 steps, and so on.

    `totals` is how many there are.
    """

    runs: tuple[int, ...]
    totals: tuple[int, ...]

    @property
    def complete(self) -> bool:
        """Whether all programs were run."""
        return self.runs == self.totals

    @property
    def complete_steps(self) -> int:
        """All programs of up to so many steps were run."""
        pairs = zip(self.runs, self.totals, strict=True)
        return next((steps for steps, (runs, total) in enumerate(pairs) if runs < total), len(self.totals))

    def __add__(self, other: "ScopeCoverage") -> "ScopeCoverage":
        runs = tuple(mine + others for mine, others in zip(self.runs, other.runs, strict=True))
        return ScopeCoverage(runs, self.totals)


class CrashPoint(msgspec.Struct, frozen=True):
    """A fault at one message that an actor sends to the server, and the result of injecting it.

    `number`, `verb` and `month` describe the operation, as numbered in the program without the fault.  `text` is the
    message.  `overtaken`: another actor moves right after the fault; otherwise the faulted actor continues if it can.
    `orders`: how many orders of the other actors' messages were run after the fault; 0 if they were not varied.
    """

    number: int
    verb: Verb
    month: Month | None
    text: str
    fault: Fault
    overtaken: bool
    status: Status = "unknown"
    why: str = NOT_TRIED
    orders: int = 0

    @property
    def was_tried(self) -> bool:
        """Whether the fault was injected at least once, or an attempt was made."""
        return self.why != NOT_TRIED


class Environment(msgspec.Struct, frozen=True):
    """The machine, the software and the server of a run.  It contains no credentials."""

    harness: str
    python: str
    system: str
    cpus: int
    server: str
    server_kind: str


class Spread(msgspec.Struct, frozen=True):
    """The distribution of a measured duration, in milliseconds."""

    count: int
    median_ms: float
    p99_ms: float
    max_ms: float


WAIT_BOUNDS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class Exercise(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the examples of a run exercised, in numbers.

    handovers  a session got a month that another session had held before
    overlaps   a call on a month began while the call of another session on it had not returned
    timeouts   a call gave up at the end of its timeout, while another session held the month
    faults     injected faults, by kind
    """

    handovers: int = 0
    overlaps: int = 0
    timeouts: int = 0
    faults: dict[FaultKind, int] = {}

    def __add__(self, other: "Exercise") -> "Exercise":
        kinds = {*self.faults, *other.faults}
        return Exercise(
            handovers=self.handovers + other.handovers,
            overlaps=self.overlaps + other.overlaps,
            timeouts=self.timeouts + other.timeouts,
            faults={kind: self.faults.get(kind, 0) + other.faults.get(kind, 0) for kind in sorted(kinds)},
        )


class Figures(msgspec.Struct, frozen=True):
    """Measurements over all examples of a run.

    release       time from the end of a session until the server was seen to have released its locks
    belief        time for which a client believed that it held a month after a fault had ended its session
    shared_ms     the longest time for which another session definitely held the month during one such belief
    uncontended   time to acquire a month that no other session can have held meanwhile
    waits         time to acquire a month that another session definitely held for part of that time
    wait_buckets  number of waits up to each of `WAIT_BOUNDS_MS`; the last bucket counts the longer ones
    overtaken     the most grants of a month, during one wait, to sessions that had asked for it later
    exercise      what the examples exercised

    `uncontended`, `waits`, `wait_buckets` and `overtaken` exclude calls during which the actor was paused or slowed down.
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
    exercise: Exercise = Exercise()


class Coverage(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much of a scenario the search covered.

    orders               of a scenario that runs every order
    scope                of a scenario that runs all programs of a few steps
    crash_points         of a scenario that injects a fault at every message
    pct_guarantee        of a scenario that draws programs for the PCT scheduler
    faults_not_injected  faults of a fixed program that never took effect
    cut_short            the time was over before all orders or crash points were run
    divergence           where a program left its schedule each time it was run, so that its order could not be run
    """

    orders: OrderCoverage | None = None
    crash_points: tuple[CrashPoint, ...] = ()
    pct_guarantee: PctGuarantee | None = None
    faults_not_injected: tuple[Fault, ...] = ()
    divergence: str | None = None
    cut_short: bool = False
    scope: ScopeCoverage | None = None

    @property
    def has_gaps(self) -> bool:
        """Whether part of the scenario could not be checked, although there was time."""
        unknown_points = any(
            point.status == "unknown" and (point.was_tried or not self.cut_short)
            for point in self.crash_points
        )
        return bool(self.divergence or self.faults_not_injected or unknown_points)


class Shrinking(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the violation was found, and how it was shrunk to the example of the run.

    `first_program` and `first_history` are the evidence as it was found.  `divergence`: where a replay took
    other moves, so that nothing could be shrunk.  `why_as_race`: why a race was shrunk as a race and not at the gate.
    `new_processes`: the program fails only if its actors have never used the lock before.
    """

    first_program: Program
    first_history: History
    divergence: str | None = None
    why_as_race: str | None = None
    new_processes: bool = False


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one scenario: all that a report or a replay needs.

    `program`, `history` and `verdicts` belong to one example: the shrunk violation if there is one; otherwise the first
    unknown example, or the first that violated a check other than the expected one, or the last example.
    `lock` is an importable name, or a command line if `lock_command` is set.  `lock_by_value`: the actors got copies of an
    object, which cannot be imported by that name.  `expects` is the check that must be violated by a planted lock.
    `repeats`: the program failed k of the n times that it was run again.
    `contract` is what the lock promises; `contract_options` are its fields that the command gave.
    `leaked_locks`: the lock left months locked on a server that the user named.
    """

    scenario: str
    about: str
    lock: str
    lock_command: bool
    seed: int
    expects: str | None = None
    status: Status
    program: Program
    history: History
    verdicts: tuple[Verdict, ...]
    bounds: Bounds
    figures: Figures
    environment: Environment
    repeats: tuple[int, int] | None = None
    coverage: Coverage = Coverage()
    shrinking: Shrinking | None = None
    leaked_locks: bool = False
    lock_by_value: bool = False
    contract: Contract = DEFAULT
    contract_options: dict[str, str] = {}
    format: Format = CURRENT_FORMAT

    @property
    def violated_checks(self) -> tuple[str, ...]:
        """The names of the checks that the example violates, which need not include `expects`."""
        return tuple(verdict.check for verdict in self.verdicts if verdict.status == "violated")
