"""The work on one scenario, divided among workers, and the results of its shares."""

from pathlib import Path

from lock_harness.core.program import Month
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.shares import PendingShares, divide_plan
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, program

DRAWN = Scenario(Draw({"acquire": 1}), examples=200)
FIXED = Scenario(program(acquire(0, Month(2090, 1), 0)))
FIRST, SECOND = Path("first"), Path("second")


def test_workers_share_the_examples_with_different_seeds() -> None:
    parts = divide_plan(Plan(examples=41, seed=7), DRAWN, 2)
    assert [part.examples for part in parts] == [21, 20]
    assert parts[0].seed == 7
    assert parts[1].seed - parts[0].seed > 41


def test_the_examples_of_the_scenario_are_shared_if_the_plan_has_no_limit() -> None:
    assert [part.examples for part in divide_plan(Plan(), DRAWN, 4)] == [50, 50, 50, 50]


def test_a_worker_without_an_example_has_no_share() -> None:
    assert [part.examples for part in divide_plan(Plan(examples=2), DRAWN, 3)] == [1, 1]


def test_each_worker_has_the_whole_time_of_a_plan_that_is_limited_by_time() -> None:
    assert [part.seconds for part in divide_plan(Plan(seconds=5.0), DRAWN, 2)] == [5.0, 5.0]


def test_a_fixed_program_is_not_divided() -> None:
    plan = Plan(seed=7)
    assert divide_plan(plan, FIXED, 3) == [plan]


def test_a_scenario_is_complete_with_its_last_share() -> None:
    pending = PendingShares({"crashes": 2, "handover": 1})
    assert pending.add("crashes", FIRST) == []
    assert pending.add("crashes", SECOND) == [FIRST, SECOND]
    assert (pending.scenarios, pending.incomplete()) == (["handover"], [])


def test_a_scenario_with_some_of_its_shares_is_incomplete() -> None:
    pending = PendingShares({"crashes": 2})
    pending.add("crashes", FIRST)
    assert (pending.scenarios, pending.incomplete()) == (["crashes"], [[FIRST]])


def test_a_skipped_scenario_is_discarded_once_though_each_worker_skips_it() -> None:
    pending = PendingShares({"crashes": 2})
    assert [pending.discard("crashes"), pending.discard("crashes")] == [True, False]
    assert pending.scenarios == []
