"""The items of the pytest plugin, which run scenarios; they are imported when the first one is needed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lock_harness.core.errors import HarnessError, NotApplicable
from lock_harness.core.run import Run
from lock_harness.exploration.explore import Interrupted
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.defaults import session_seed
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.frontends.known_scenarios import find_known_scenarios
from lock_harness.frontends.lock_option import resolve_lock
from lock_harness.frontends.reports import replay_command, save
from lock_harness.frontends.session_server import session_server
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.loading import pick_scenarios
from lock_harness.programs.scenario import Scenario
from lock_harness.render.story import story
from lock_harness.render.summary import succeeded
from lock_harness.render.text import plain
from lock_harness.servers.server import Server
from lock_harness.servers.years import parse_years

ALL = "all"


class LockViolated(AssertionError):
    """The lock violates a check, or a planted lock was not caught.  The message is the whole story."""


def scenario_items(session: pytest.Session, wanted: Sequence[str]) -> Iterator[pytest.Item]:
    """Yield an item for each scenario in `wanted`; `UserError` for a mistake in the options."""
    config = session.config
    scenarios = _wanted_scenarios(wanted, config.getoption("lock_skip"))
    lock, plan = _lock(config), _plan(config)
    for scenario in scenarios:
        yield ScenarioItem.from_parent(session, name=scenario.name, job=_job(config, scenario, plan, lock))


def _wanted_scenarios(wanted: Sequence[str], skip: Sequence[str]) -> list[Scenario]:
    """Return the scenarios with these names; `all` stands for every one that is neither planted nor on request."""
    catalogue = find_known_scenarios()
    named = [name for name in wanted if name != ALL]
    scenarios = pick_scenarios(catalogue, [], skip) if ALL in wanted else []
    scenarios += pick_scenarios(catalogue, named, skip) if named else []
    return [*{scenario.name: scenario for scenario in scenarios}.values()]


def _lock(config: pytest.Config) -> LockSpec | None:
    return resolve_lock(
        config.getoption("lock_under_test"),
        config.getoption("lock_command"),
        config.getoption("lock_contract"),
    )


def _plan(config: pytest.Config) -> Plan:
    return Plan(
        examples=config.getoption("lock_examples"),
        seconds=config.getoption("lock_seconds"),
        seed=session_seed(config.getoption("lock_seed")),
    )


def _job(config: pytest.Config, scenario: Scenario, plan: Plan, lock: LockSpec | Lock | None) -> Job:
    return Job(
        scenario=scenario,
        plan=plan,
        lock=lock,
        years=parse_years(config.getoption("lock_years")),
        release_ms=config.getoption("lock_release_ms"),
    )


def check_scenario(
    config: pytest.Config,
    server: Server,
    scenario: str | Scenario,
    lock: Lock | str | None,
    examples: int | None,
) -> Run:
    """Run one scenario for a test, and return the run; the test fails unless it succeeds."""
    # The traceback would add nothing to the story.
    __tracebackhide__ = True
    if isinstance(scenario, str):
        scenario = pick_scenarios(find_known_scenarios(), [scenario])[0]
    # A mistake in the options is reported even if the test brings a lock of its own.
    of_options = _lock(config)
    under_test = resolve_lock(lock, None) if isinstance(lock, str) else lock or of_options
    plan = _plan(config)
    plan = replace(plan, examples=examples or plan.examples)
    job = _job(config, scenario, plan, under_test)
    try:
        run, path = _run_and_save(job, server, config)
    except NotApplicable as reason:
        pytest.skip(str(reason))
    _assert_success(run, path)
    return run


class ScenarioItem(pytest.Item):
    """A test item that runs one scenario."""

    def __init__(self, *, job: Job, **more: Any) -> None:
        super().__init__(**more)
        self._job = job

    def runtest(self) -> None:
        try:
            run, path = _run_and_save(self._job, session_server(self.config), self.config)
        except NotApplicable as reason:
            pytest.skip(str(reason))
        _assert_success(run, path)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, (LockViolated, HarnessError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"scenario {self.name}"


def _run_and_save(job: Job, server: Server, config: pytest.Config) -> tuple[Run, Path]:
    reports = config.getoption("lock_reports")
    try:
        run = run_job(job, server, lambda _: None)
    except Interrupted as interrupted:
        save(interrupted.run, reports)
        raise KeyboardInterrupt from None
    return run, save(run, reports)


def _assert_success(run: Run, path: Path) -> None:
    __tracebackhide__ = True
    if run.expects and run.status == "holds":
        others = ", ".join(run.violated_checks)
        raise LockViolated(
            f"{run.scenario}: the planted lock was not caught in {run.figures.examples} examples"
            + (f", but violated {others}" if others else "")
        )
    if not succeeded(run):
        raise LockViolated(plain(story(run, replay_command(path))))
