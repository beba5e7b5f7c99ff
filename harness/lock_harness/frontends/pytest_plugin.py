"""The pytest face: scenarios as test items, and a fixture for tests of one's own.

    pytest --lock-scenario crashes --lock-scenario handover --lock-under-test my_package.my_lock:MyLock
    def test_my_lock(check_lock): check_lock("crashes", MyLock, examples=100)

`lock-harness run -n N` uses the same items, spread over workers by pytest-xdist.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from lock_harness.core.errors import HarnessError, MachineError, NotApplicable, UserError
from lock_harness.core.run import Run
from lock_harness.exploration.explore import Interrupted
from lock_harness.exploration.search import Plan, Progress, ReportProgress
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.frontends.known_scenarios import find_known_scenarios
from lock_harness.frontends.lock_option import resolve_lock
from lock_harness.frontends.messages import (
    PROGRESS_VARIABLE,
    SEED_VARIABLE,
    SERVER_VARIABLE,
    Failed,
    Saved,
    Skipped,
    WorkerMessage,
)
from lock_harness.frontends.reports import DEFAULT, replay_command, save
from lock_harness.frontends.shares import divide_plan
from lock_harness.locks.interface import Lock
from lock_harness.programs.loading import pick_scenarios
from lock_harness.programs.scenario import Scenario
from lock_harness.render.story import plain, story
from lock_harness.render.summary import succeeded
from lock_harness.servers.lease import DEFAULT_YEARS, parse_years
from lock_harness.servers.providers import NONE, open_server
from lock_harness.servers.server import Server

ALL = "all"


class LockViolated(AssertionError):
    """The lock does not hold; the message is the whole story."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lock-harness", "locks on PostgreSQL (lock-harness)")
    group.addoption("--lock-scenario", action="append", default=[], help="run this scenario; 'all' for all")
    group.addoption("--lock-under-test", help="the lock under test, as package.module:attr")
    group.addoption("--lock-command", help="the lock under test, as a program that speaks JSON lines")
    group.addoption(
        "--lock-pg", help="connection string, 'embedded', 'container', or 'none' to skip live tests"
    )
    group.addoption("--lock-examples", type=int, help="examples of each drawn scenario")
    group.addoption("--lock-seconds", type=float, help="seconds for each drawn scenario")
    group.addoption("--lock-seed", type=int, help="seed of the draws")
    group.addoption("--lock-years", default=str(DEFAULT_YEARS), help="years whose months may be used")
    group.addoption("--lock-release-ms", type=int, help="bound for auto-release")
    group.addoption("--lock-reports", type=Path, default=DEFAULT, help="folder for reports")
    group.addoption("--lock-shares", type=int, default=1, help="parts of a scenario, for several workers")


def pytest_configure() -> None:
    os.environ.setdefault(SEED_VARIABLE, str(Plan().seed))


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    wanted = config.getoption("lock_scenario")
    if not wanted:
        return
    try:
        names = [name for name in wanted if name != ALL]
        scenarios = pick_scenarios(find_known_scenarios(), names)
        lock = resolve_lock(config.getoption("lock_under_test"), config.getoption("lock_command"))
        years = parse_years(config.getoption("lock_years"))
    except UserError as error:
        raise pytest.UsageError(str(error)) from None
    for scenario in scenarios:
        parts = divide_plan(_plan(config), scenario, config.getoption("lock_shares"))
        for number, share in enumerate(parts):
            job = Job(scenario, share, lock, years, config.getoption("lock_release_ms"))
            name = scenario.name if len(parts) == 1 else f"{scenario.name}[{number}]"
            items.append(ScenarioItem.from_parent(session, name=name, job=job))


def _plan(config: pytest.Config) -> Plan:
    examples, seconds = config.getoption("lock_examples"), config.getoption("lock_seconds")
    seed = config.getoption("lock_seed")
    if seed is None:
        seed = int(os.environ[SEED_VARIABLE])
    return Plan(examples, seconds, seed)


class ScenarioItem(pytest.Item):
    """One share of one scenario."""

    def __init__(self, *, job: Job, **more: Any) -> None:
        super().__init__(**more)
        self._job = job

    def runtest(self) -> None:
        scenario = self._job.scenario
        with _telling() as tell:
            try:
                run, path = _perform(self._job, _server(self.config), self.config, tell)
            except NotApplicable as reason:
                tell(Skipped(scenario.name, str(reason)))
                pytest.skip(str(reason))
            except HarnessError as error:
                tell(Failed(scenario.name, str(error), error.exit_code))
                raise
            tell(Saved(scenario.name, str(path)))
        _assert_good(run, path)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, (LockViolated, HarnessError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"scenario {self.name}"


def _perform(
    job: Job, server: Server, config: pytest.Config, report_progress: ReportProgress
) -> tuple[Run, Path]:
    reports = config.getoption("lock_reports")
    try:
        run = run_job(job, server, report_progress)
    except Interrupted as interrupted:
        save(interrupted.run, reports)
        raise KeyboardInterrupt from None
    return run, save(run, reports)


def _assert_good(run: Run, path: Path) -> None:
    __tracebackhide__ = True
    if run.expects and run.status == "holds":
        others = ", ".join(run.violated_checks)
        raise LockViolated(
            f"{run.scenario}: the planted lock was not caught in {run.figures.examples} examples"
            + (f", but violated {others}" if others else "")
        )
    if not succeeded(run):
        raise LockViolated(plain(story(run, replay_command(path))))


class CheckLock(Protocol):
    """Run a scenario against a lock; the test fails with the whole story if the lock does not hold."""

    def __call__(
        self, scenario: str | Scenario, lock: Lock | str | None = None, *, examples: int | None = None
    ) -> Run: ...


@pytest.fixture(scope="session")
def lock_server(request: pytest.FixtureRequest) -> Server:
    """A live server; skips, and says why, where there is none."""
    return _server(request.config)


@pytest.fixture
def check_lock(request: pytest.FixtureRequest, lock_server: Server) -> CheckLock:
    """A function that runs one scenario; `lock` defaults to the one of the command line."""
    config = request.config

    def check(
        scenario: str | Scenario, lock: Lock | str | None = None, *, examples: int | None = None
    ) -> Run:
        __tracebackhide__ = True  # the story says it all
        chosen = (
            pick_scenarios(find_known_scenarios(), [scenario])[0] if isinstance(scenario, str) else scenario
        )
        named = resolve_lock(config.getoption("lock_under_test"), config.getoption("lock_command"))
        under_test = resolve_lock(lock, None) if isinstance(lock, str) else lock or named
        plan = _plan(config)
        plan = Plan(examples or plan.examples, plan.seconds, plan.seed)
        years, release_ms = parse_years(config.getoption("lock_years")), config.getoption("lock_release_ms")
        job = Job(chosen, plan, under_test, years, release_ms)
        try:
            run, path = _perform(job, lock_server, config, lambda _: None)
        except NotApplicable as reason:
            pytest.skip(str(reason))
        _assert_good(run, path)
        return run

    return check


_stack = pytest.StashKey[contextlib.ExitStack]()
_running = pytest.StashKey[Server]()
_none = pytest.StashKey[str]()


def _server(config: pytest.Config) -> Server:
    """The session's server, started when first needed."""
    if _running not in config.stash:
        if given := os.environ.get(SERVER_VARIABLE):
            config.stash[_running] = msgspec.json.decode(given, type=Server)
        else:
            config.stash[_running] = _start_server(config)
    return config.stash[_running]


def _start_server(config: pytest.Config) -> Server:
    if config.getoption("lock_pg") == NONE:
        pytest.skip("--lock-pg none: no server to test on; leave it out to have one started")
    if _none in config.stash:
        pytest.skip(config.stash[_none])
    stack = config.stash.setdefault(_stack, contextlib.ExitStack())
    try:
        return stack.enter_context(open_server(config.getoption("lock_pg")))
    except MachineError as error:
        config.stash[_none] = f"no server to test on: {error}"
        pytest.skip(config.stash[_none])
    except UserError as error:
        pytest.exit(str(error), returncode=error.exit_code)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _stack in config.stash:
        config.stash[_stack].close()


@contextlib.contextmanager
def _telling() -> Iterator[Callable[[WorkerMessage], None]]:
    """Where to send word of how it goes; to nobody, if nobody asked."""
    address = os.environ.get(PROGRESS_VARIABLE)
    if not address:
        yield lambda _: None
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(address)
        yield lambda word: _send(sender, word)


def _send(sender: socket.socket, word: WorkerMessage) -> None:
    """Progress may get lost where the reader is slow; results may not."""
    flags = socket.MSG_DONTWAIT if isinstance(word, Progress) else 0
    with contextlib.suppress(ConnectionRefusedError, FileNotFoundError, BlockingIOError):
        sender.send(msgspec.json.encode(word), flags)
