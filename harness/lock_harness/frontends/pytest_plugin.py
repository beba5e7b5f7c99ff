"""The pytest plugin: scenarios as test items, and a fixture to run a scenario from a test.

    pytest --lock-scenario crashes --lock-scenario handover --lock-under-test my_package.my_lock:MyLock
    def test_my_lock(check_lock): check_lock("crashes", MyLock, examples=100)

Every option begins with `--lock-`, so that a project's own options do not collide with them.

pytest imports this module in every session of an environment where lock-harness is installed.  So it imports what runs
scenarios only when a test needs it.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from lock_harness.core.errors import UserError
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.configuration import Kind, find_table, keys_to_use
from lock_harness.frontends.defaults import REPORTS, SEED_VARIABLE, session_seed
from lock_harness.servers.years import DEFAULT_YEARS

if TYPE_CHECKING:
    from lock_harness.core.run import Run
    from lock_harness.locks.interface import Lock
    from lock_harness.programs.scenario import Scenario
    from lock_harness.servers.server import Server


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lock-harness", "tests of a lock on PostgreSQL (lock-harness)")
    group.addoption(
        "--lock-scenario",
        action="append",
        default=[],
        help="scenario to run, folder or pattern, or 'all'; may be repeated",
    )
    group.addoption(
        "--lock-skip",
        action="append",
        default=[],
        help="scenario, folder or pattern to leave out; may be repeated",
    )
    group.addoption(
        "--lock-under-test", help="lock under test, as package.module:attr (default: the reference lock)"
    )
    group.addoption("--lock-command", help="lock under test, as a program that speaks JSON lines")
    group.addoption(
        "--lock-contract",
        action="append",
        default=[],
        help="KEY=VALUE: what the lock promises, such as reentrant=refused; may be repeated",
    )
    group.addoption(
        "--lock-pg",
        help="server: a connection string, 'embedded', 'container', or 'none' to skip the tests that need a server",
    )
    group.addoption(
        "--lock-examples", type=int, help="examples of each drawn scenario (default: the scenario's)"
    )
    group.addoption("--lock-seconds", type=float, help="seconds for each drawn scenario")
    group.addoption("--lock-seed", type=int, help="seed of the draws (default: a random one)")
    group.addoption("--lock-years", help=f"years whose months are used (default: {DEFAULT_YEARS})")
    group.addoption(
        "--lock-release-ms", type=int, help="bound for auto-release, in ms (default: the scenario's)"
    )
    group.addoption("--lock-reports", type=Path, help=f"folder for saved runs (default: {REPORTS})")


MARKER = "lock_harness"

# the options that a key of pyproject.toml may replace, with the types of both
_OPTION_OF_KEY: dict[str, tuple[str, Kind, Callable[[str], object]]] = {
    "skip": ("lock_skip", "list", str),
    "lock": ("lock_under_test", "text", str),
    "lock-command": ("lock_command", "text", str),
    "contract": ("lock_contract", "list", str),
    "pg": ("lock_pg", "text", str),
    "examples": ("lock_examples", "number", int),
    "seed": ("lock_seed", "number", int),
    "years": ("lock_years", "text", str),
    "release-ms": ("lock_release_ms", "number", int),
    "reports": ("lock_reports", "path", Path),
}


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Fill in the options that the command line left out: from pyproject.toml, or with their defaults."""
    os.environ.setdefault(SEED_VARIABLE, str(Plan().seed))
    config.addinivalue_line(
        "markers",
        f"{MARKER}: runs a scenario of lock-harness; set by the plugin, such as for -m 'not {MARKER}'",
    )
    try:
        _read_configuration(config)
    except UserError as error:
        raise pytest.UsageError(str(error)) from None
    defaults = {"lock_years": str(DEFAULT_YEARS), "lock_reports": REPORTS}
    for name, default in defaults.items():
        if config.getoption(name) is None:
            setattr(config.option, name, default)


def _read_configuration(config: pytest.Config) -> None:
    table = find_table(Path.cwd())
    if table is None:
        return
    given = [key for key, (name, *_) in _OPTION_OF_KEY.items() if config.getoption(name) not in (None, [])]
    for key in keys_to_use(table, _OPTION_OF_KEY, given):
        name, kind, convert = _OPTION_OF_KEY[key]
        values = [convert(text) for text in table.texts(key, kind)]
        setattr(config.option, name, values if kind == "list" else values[0])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add an item for each scenario that was asked for, and mark all items that run scenarios, before -m selects."""
    for item in items:
        if "check_lock" in getattr(item, "fixturenames", ()):
            item.add_marker(MARKER)
    wanted = config.getoption("lock_scenario")
    if not wanted:
        return
    from lock_harness.frontends.pytest_items import scenario_items

    try:
        added = [*scenario_items(session, wanted)]
    except UserError as error:
        raise pytest.UsageError(str(error)) from None
    for item in added:
        item.add_marker(MARKER)
    items.extend(added)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Show server, lock and seed, if scenarios were asked for."""
    return _header(config) if config.getoption("lock_scenario") else None


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> str | None:
    """Show server and seed, if only tests run scenarios; that is known when they are collected."""
    is_shown = bool(config.getoption("lock_scenario")) or config.get_verbosity() < 0
    if is_shown or not any(item.get_closest_marker(MARKER) for item in items):
        return None
    return _header(config)


def _header(config: pytest.Config) -> str:
    from lock_harness.servers.providers import describe_choice

    try:
        server = describe_choice(config.getoption("lock_pg"))
    except UserError as error:
        raise pytest.UsageError(str(error)) from None
    seed = session_seed(config.getoption("lock_seed"))
    lock = config.getoption("lock_under_test") or config.getoption("lock_command")
    if not lock and config.getoption("lock_scenario"):
        lock = "reference"
    return f"lock-harness: server {server}, {f'lock {lock}, ' if lock else ''}seed {seed}"


class CheckLock(Protocol):
    """Run a scenario against a lock.  The test fails with the whole story if a check is violated or unknown."""

    def __call__(
        self, scenario: "str | Scenario", lock: "Lock | str | None" = None, *, examples: int | None = None
    ) -> "Run": ...


@pytest.fixture(scope="session")
def lock_server(request: pytest.FixtureRequest) -> "Server":
    """A live server.  A test that needs it is skipped, with the reason, if there is none."""
    from lock_harness.frontends.session_server import session_server

    return session_server(request.config)


@pytest.fixture
def check_lock(request: pytest.FixtureRequest, lock_server: "Server") -> CheckLock:
    """A function that runs one scenario; `lock` defaults to the lock of the command line."""
    from lock_harness.frontends.pytest_items import check_scenario

    def check(
        scenario: "str | Scenario", lock: "Lock | str | None" = None, *, examples: int | None = None
    ) -> "Run":
        __tracebackhide__ = True
        return check_scenario(request.config, lock_server, scenario, lock, examples)

    return check
