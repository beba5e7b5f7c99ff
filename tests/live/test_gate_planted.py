"""Bugs within one operation, or at one statement: each is found at the gate, shrunk, and found again each time."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from lock_harness.execution.arena import open_arena
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.explore import explore_with
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.searches import search_for
from lock_harness.exploration.searches.example_log import ExampleLog
from lock_harness.exploration.searches.search import SearchResult
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.discovery import find_scenarios
from lock_harness.programs.draw import Draw
from lock_harness.programs.equipment import equipment
from lock_harness.programs.loading import load_scenarios
from lock_harness.programs.scenario import Scenario
from lock_harness.scenarios.planted.dies_unnoticed import DiesUnnoticed
from lock_harness.servers.server import Server

SCENARIOS = load_scenarios(find_scenarios([Path(__file__).parents[2] / "scenarios"]))
# examples; mostly fewer than ten are needed
FOUND_IN = 120
REPLAYS = 20


@pytest.fixture(autouse=True)
def _extend_time_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give shrinking enough time even on a busy machine; the tests count the failures themselves."""
    monkeypatch.setattr("lock_harness.exploration.reduction.SHRINK_S", 60.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 60.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 1)


@pytest.fixture
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return SCENARIOS[f"planted/{request.param}"]


@pytest.fixture
def executor(our_server: Server, scenario: Scenario) -> Iterator[Executor]:
    with closing(opened(scenario, our_server)) as one:
        yield one


def opened(scenario: Scenario, server: Server) -> Executor:
    assert scenario.lock is not None
    equipped = equipment(scenario.what)
    return Executor(partial(open_arena, server, scenario.lock, scenario.bounds, equipment=equipped))


@pytest.mark.parametrize(
    ("scenario", "steps"),
    [("check_then_act", 2), ("unlock_before_commit", 4), ("overlooks_late_grant", 2), ("dies_unnoticed", 4)],
    indirect=["scenario"],
)
def test_a_planted_lock_is_found_shrunk_to_two_switches_and_found_again_each_time(
    scenario: Scenario, executor: Executor, steps: int
) -> None:
    run = explore_with(scenario, executor, Plan(FOUND_IN, seed=1), LockSpec(), lambda _: None)
    assert run.shrinking is not None
    assert run.shrinking.divergence is None
    assert len(run.program.steps) == steps, run.program
    assert sum(choice > 0 for choice in run.program.choices) <= 2, run.program.choices
    again = [executor.run_and_clean_up(run.program).violated_checks for _ in range(REPLAYS)]
    assert [scenario.expects in broken for broken in again] == [True] * REPLAYS


class Watched(DiesUnnoticed):
    """The server checks every 20 ms whether its client is still connected."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._conn.execute("SET client_connection_check_interval = 20")


@pytest.mark.parametrize("scenario", ["dies_unnoticed"], indirect=True)
def test_a_server_that_checks_its_clients_releases_in_time(scenario: Scenario, our_server: Server) -> None:
    found = searched(replace(scenario, lock=Watched, expects=None), our_server)
    assert found.coverage.orders is not None
    assert (found.coverage.orders.complete, found.violation) == (True, None)
    assert found.figures.faults > 0


@pytest.mark.parametrize("scenario", ["overlooks_late_grant"], indirect=True)
def test_a_lock_that_overlooks_late_grants_holds_without_late_replies(
    scenario: Scenario, our_server: Server
) -> None:
    assert isinstance(scenario.what, Draw)
    in_time = {kind: weight for kind, weight in scenario.what.weights.items() if kind != "late"}
    found = searched(replace(scenario, what=replace(scenario.what, weights=in_time)), our_server)
    assert (found.figures.examples, found.violation) == (40, None)


def searched(scenario: Scenario, server: Server) -> SearchResult:
    with closing(opened(scenario, server)) as executor:
        plan = Plan(40, seed=1)
        log = ExampleLog(scenario, plan, executor.arena.bounds, executor.arena.contract, lambda _: None)
        search = search_for(scenario, executor, plan, log)
        search.run()
        return search.result()
