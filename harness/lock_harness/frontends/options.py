"""The options of the `run` command."""

from dataclasses import dataclass
from pathlib import Path

from lock_harness.locks.loading import LockSpec
from lock_harness.servers.years import Years


@dataclass(frozen=True)
class RunOptions:
    """The options of `lock-harness run`; None where the user made no choice.

    `examples`: the number of examples of each drawn scenario.
    `seconds`: the time for the whole run.
    `workers`: the number of lanes.
    `lock`: the lock for scenarios that bring none of their own.
    `release_ms`: the bound for auto-release, instead of the scenario's.
    `reports`: the folder for saved runs.
    `began`: when the process of the command was started, a time of `time.monotonic()`.
    """

    examples: int | None
    seconds: float | None
    seed: int
    workers: int | None
    lock: LockSpec | None
    years: Years
    release_ms: int | None
    reports: Path
    began: float
