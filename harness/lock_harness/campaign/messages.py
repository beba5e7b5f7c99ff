"""The messages between the scheduler of a run and its lanes."""

import msgspec

from lock_harness.core.program import Program
from lock_harness.core.run import Run
from lock_harness.core.verdict import Bounds
from lock_harness.exploration.progress import Progress
from lock_harness.servers.server import Server


class KnownFailure(msgspec.Struct, frozen=True):
    """A violation of a check that was shrunk to a program before."""

    check: str
    program: Program


class Open(msgspec.Struct, frozen=True, tag=True):
    """The server is ready.  `error`: it did not start."""

    server: Server


class ScenarioBatch(msgspec.Struct, frozen=True, tag=True):
    """A part of the work of one scenario.

    Attributes:
        scenario: The place of the scenario in the list of the run.
        examples: How many programs to draw, or to run of all programs; None for another kind of scenario.
        seed: The seed of the draws.
        part: How many batches of the scenario came before.
        until: The time of `time.monotonic()` at which the batch has to end, if there is one.
        known: The violations that need not be shrunk again.
    """

    scenario: int
    examples: int | None
    seed: int
    part: int = 0
    until: float | None = None
    known: tuple[KnownFailure, ...] = ()


class Repeat(msgspec.Struct, frozen=True, tag=True):
    """Run a program that failed in an earlier run up to `times` times, until it fails.

    `finding` is the identity of the finding.  After `seconds` the program is not run again.
    """

    finding: str
    scenario: str
    about: str
    program: Program
    checks: tuple[str, ...]
    bounds: Bounds
    times: int
    new_processes: bool = False
    seconds: float | None = None
    until: float | None = None


class Known(msgspec.Struct, frozen=True, tag=True):
    """The answer to `Asks`: the violations that need not be shrunk again.  The lane may shrink its own unless it is one of them."""

    failures: tuple[KnownFailure, ...]


class Close(msgspec.Struct, frozen=True, tag=True):
    """End the lane."""


class Done(msgspec.Struct, frozen=True, tag=True):
    """A batch is finished.

    `behaviours` are the kinds of behaviour that its examples showed.  `seconds` is the time that the lane spent on it.
    """

    run: Run
    behaviours: frozenset[str]
    seconds: float


class Asks(msgspec.Struct, frozen=True, tag=True):
    """A lane has found a violation, and waits until it may shrink it.

    One lane shrinks at a time: others have often met the same defect, and would slow it down.
    """


class Skipped(msgspec.Struct, frozen=True, tag=True):
    """The scenario of a batch is not applicable to this lock or machine."""

    why: str


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The server has no room for the arena of a batch, so that other lanes have to run it."""

    why: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A batch ended with an error: of the user or the machine, or of the harness itself (`trace`)."""

    why: str
    exit_code: int
    trace: str = ""


Task = Open | ScenarioBatch | Repeat | Known | Close
Report = Progress | Asks | Done | Skipped | Refused | Failed
