"""One scenario, to be explored on one server: what both faces do."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lock_harness.core.errors import NotApplicable, UserError
from lock_harness.core.run import Run
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.execution.faults import unavailable
from lock_harness.exploration.explore import explore
from lock_harness.exploration.search import Plan, ReportProgress
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec, command_spec, load
from lock_harness.programs.discovery import SHIPPED, discover
from lock_harness.programs.draw import Draw
from lock_harness.programs.equipment import Equipment, equipment
from lock_harness.programs.scenario import Scenario
from lock_harness.servers.lease import DEFAULT_YEARS, Years
from lock_harness.servers.server import Server

GATE = Equipment(gate=True)
FAR = 1_000_003  # one worker uses seeds that follow each other, so workers start far apart


@dataclass(frozen=True)
class Job:
    """`lock`: for a scenario that brings none; None: the reference; `release_ms` None: as the scenario has it."""

    scenario: Scenario
    plan: Plan
    lock: LockSpec | Lock | None = None
    years: Years = DEFAULT_YEARS
    release_ms: int | None = None

    @property
    def chosen_lock(self) -> LockSpec | Lock:
        return self.scenario.lock or self.lock or LockSpec()

    @property
    def bounds(self) -> Bounds:
        if self.release_ms is None:
            return self.scenario.bounds
        old = self.scenario.bounds
        return Bounds(self.release_ms, old.late_ms, old.handover_ms, old.stall_ms)


def perform(job: Job, server: Server, report_progress: ReportProgress) -> Run:
    """Explore the job's scenario on an arena of its own; `NotApplicable` where its faults cannot be had."""
    needed = equipment(job.scenario.what)
    if (why := unavailable(needed, server)) is not None:
        raise NotApplicable(why)
    lock = job.chosen_lock
    spec = lock if isinstance(lock, LockSpec) else LockSpec(_importable_name(lock))
    opener = partial(open_arena, server, lock, job.bounds, job.years)
    at_gate = None if unavailable(GATE, server) else partial(opener, GATE)
    return explore(job.scenario, partial(opener, needed), job.plan, spec, report_progress, at_gate)


def _importable_name(lock: Lock) -> str:
    """Where a replay would look for a lock that was given as an object."""
    kind = lock if isinstance(lock, type) else type(lock)
    return (
        f"{getattr(lock, '__module__', kind.__module__)}:{getattr(lock, '__qualname__', kind.__qualname__)}"
    )


def lock_spec(lock: str | None, command: str | None) -> LockSpec | None:
    """The lock that the user chose; None if none was.  `UserError` if it cannot be had."""
    if lock is not None and command is not None:
        raise UserError("a lock's name and --lock-command exclude each other: give one of them")
    if command is not None:
        return command_spec(command)
    if lock is not None:
        load(lock)  # say what is wrong with it now, and in our own words
        return LockSpec(lock)
    return None


def known_scenarios() -> dict[str, Scenario]:
    """Those that came with the harness, and those in `scenarios/` of the working directory."""
    return discover(_folders())


def _folders() -> Iterator[Path]:
    local = Path.cwd() / "scenarios"
    yield SHIPPED
    if local.is_dir() and local.resolve() != SHIPPED.resolve():
        yield local


def shares(plan: Plan, scenario: Scenario, workers: int) -> list[Plan]:
    """`plan` divided among workers: each its part of the examples, and a seed of its own."""
    if not isinstance(scenario.what, Draw):
        return [plan]
    if plan.examples is None and plan.seconds is not None:
        return [Plan(None, plan.seconds, plan.seed + number * FAR) for number in range(workers)]
    total = plan.examples or scenario.examples
    counts = [total // workers + (number < total % workers) for number in range(workers)]
    return [
        Plan(count, plan.seconds, plan.seed + number * FAR) for number, count in enumerate(counts) if count
    ]
