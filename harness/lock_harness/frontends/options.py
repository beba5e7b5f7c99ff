"""The options of the `run` command."""

from dataclasses import dataclass
from pathlib import Path

from lock_harness.frontends.known_findings import KnownFindings
from lock_harness.locks.loading import LockSpec
from lock_harness.servers.years import Years


@dataclass(frozen=True)
class RunOptions:
    """The options of `lock-harness run`; None where the user made no choice.

    `examples`: the number of examples of each drawn scenario.
    `seconds`: the time for the whole run.
    `lanes`: the number of lanes.
    `exits_first`: whether the run ends at the first finding.
    `fails_on_skip`: whether a skipped or thin scenario makes the run fail.
    `as_json`: whether the results are printed as JSON.
    `lock`: the lock for scenarios that bring none of their own.
    `release_ms`: the bound for auto-release, instead of the scenario's.
    `reports`: the folder for saved runs.
    `memory`: the folder for the failures that later runs try first.
    `known`: the findings that the user accepts.
    `began`: when the process of the command was started, a time of `time.monotonic()`.
    """

    examples: int | None
    seconds: float | None
    seed: int
    lanes: int | None
    lock: LockSpec | None
    years: Years
    release_ms: int | None
    reports: Path
    memory: Path
    known: KnownFindings
    began: float
    exits_first: bool = False
    fails_on_skip: bool = False
    as_json: bool = False
