"""The result of one scenario.  A saved run is nothing but a `Run` in JSON."""

from typing import Literal

import msgspec

from lock_harness.core.fault import Fault
from lock_harness.core.history import History
from lock_harness.core.program import Month, Program, Verb
from lock_harness.core.schedule import Pct
from lock_harness.core.verdict import Bounds, Status, Verdict


class PctGuarantee(msgspec.Struct, frozen=True):
    """What PCT promised in a run: the parameters of its largest example, its actors, and the most moves in one.

    With more moves than `pct.length` in an example it promises nothing of those after that.
    """

    pct: Pct
    actors: int
    moves: int


class OrderCoverage(msgspec.Struct, frozen=True):
    """How far every order of one program was tried.

    `runs` is how many were run; `redundant` of them led only where others had led.  `complete`: no order is left, up to
    `switches` if that is a bound (then `left_out` is how often it forbade a choice).
    """

    runs: int
    redundant: int
    complete: bool
    switches: int | None = None
    left_out: int = 0


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


class Run(
    msgspec.Struct,
    frozen=True,
    rename={"leaked_locks": "soiled", "guarantee": "promise"},  # saved runs keep their keys
):
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
    search: OrderCoverage | None = None
    points: tuple[CrashPoint, ...] = ()
    guarantee: PctGuarantee | None = None
    diverged: str | None = None  # the choices at the gate did not lead there again, so nothing was shrunk
    missed: tuple[Fault, ...] = ()  # faults of a fixed program that never struck
    why_race: str | None = None  # a race was shrunk as one, because it did not go wrong at the gate
    leaked_locks: bool = False  # it left months locked on a server that is not ours to clean
    format: Literal[1] = 1

    @property
    def broken(self) -> tuple[str, ...]:
        """The names of the checks that the example violates, perhaps not those that a planted lock was to violate."""
        return tuple(verdict.check for verdict in self.verdicts if verdict.status == "violated")
