"""The options of the `run` command."""

from dataclasses import dataclass
from pathlib import Path

from lock_harness.locks.loading import LockSpec
from lock_harness.servers.years import Years


@dataclass(frozen=True)
class RunOptions:
    """The options of `lock-harness run`; None where the user made no choice.

    `examples`: the number of examples of each drawn scenario.
    `seconds`: the time for all scenarios together.
    `workers`: the number of processes that share the work.
    `lock`: the lock for scenarios that bring none of their own.
    `release_ms`: the bound for auto-release, instead of the scenario's.
    `reports`: the folder for saved runs.
    """

    examples: int | None
    seconds: float | None
    seed: int
    workers: int | None
    lock: LockSpec | None
    years: Years
    release_ms: int | None
    reports: Path
