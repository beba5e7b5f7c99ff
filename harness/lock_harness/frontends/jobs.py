"""Explore one scenario on one server: the work that the command line and the pytest plugin share."""

from dataclasses import dataclass
from functools import partial

from lock_harness.core.errors import NotApplicable
from lock_harness.core.run import Run
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.execution.faults import why_unavailable
from lock_harness.exploration.explore import explore
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.progress import ReportProgress
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec, spec_of
from lock_harness.programs.equipment import equipment
from lock_harness.programs.scenario import Scenario
from lock_harness.servers.server import Server
from lock_harness.servers.years import DEFAULT_YEARS, Years


@dataclass(frozen=True)
class Job:
    """One scenario to explore, with the lock to test and the limits.

    `lock` is used unless the scenario brings a lock of its own; None stands for the reference lock.
    `release_ms` replaces the scenario's bound for auto-release unless it is None.
    """

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
        return self.scenario.bounds.with_release(self.release_ms)


def run_job(job: Job, server: Server, report_progress: ReportProgress) -> Run:
    """Explore the job's scenario in an arena of its own.  `NotApplicable` if its faults are not available here."""
    needed = equipment(job.scenario.what)
    gate = needed.gate_beside
    if (why := why_unavailable(needed, server)) is not None:
        raise NotApplicable(why)
    lock = job.chosen_lock
    open_with = partial(open_arena, server, lock, job.bounds, job.years)
    chosen = job.plan.seconds is not None or job.plan.examples is not None
    return explore(
        scenario=job.scenario if chosen else job.scenario.brief(),
        open_arena=partial(open_with, needed),
        plan=job.plan,
        lock=spec_of(lock),
        report_progress=report_progress,
        open_gate=None if why_unavailable(gate, server) else partial(open_with, gate),
    )
