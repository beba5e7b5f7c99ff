"""The search that runs all programs of a few steps."""

from collections.abc import Iterable
from itertools import chain, repeat

from lock_harness.core.run import Coverage, OrderCoverage, Run, ScopeCoverage
from lock_harness.exploration.example import Example
from lock_harness.exploration.explore import explore_with
from lock_harness.exploration.plan import Plan
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.workload import AllPrograms
from lock_harness.render.summary import line, merged
from tests.runs import run as run_of
from tests.unit.test_explore import Returns
from tests.unit.test_retries import BOTH, GOOD


def all_programs(given: Iterable[Example], plan: Plan | None = None) -> Run:
    executor = Returns(given)
    executor.arena.verbs = frozenset({"acquire", "release"})
    scenario = Scenario(AllPrograms({"acquire", "release"}, steps=3), name="scope")
    return explore_with(scenario, executor, plan or Plan(), LockSpec(), lambda _: None)


def test_all_programs_of_a_scope_are_run() -> None:
    run = all_programs(repeat(GOOD))
    assert (run.status, run.figures.examples) == ("holds", 2 + 8 + 32)
    assert run.coverage.scope == ScopeCoverage((2, 8, 32), (2, 8, 32))


def test_a_slice_of_the_programs_of_a_scope_is_run() -> None:
    run = all_programs(repeat(GOOD), Plan(10, first=5))
    assert run.coverage.scope == ScopeCoverage((0, 5, 5), (2, 8, 32))
    assert (len(run.program.steps), run.figures.examples) == (3, 10)


def test_the_first_violation_of_a_scope_is_the_smallest_and_is_only_repeated() -> None:
    run = all_programs(chain([GOOD] * 5, repeat(BOTH)))
    assert run.coverage.scope == ScopeCoverage((2, 4, 0), (2, 8, 32))
    assert run.repeats == (10, 10)
    assert run.shrinking is not None
    assert run.program == run.shrinking.first_program
    assert len(run.program.steps) == 2


def test_a_scope_ends_when_its_time_is_over() -> None:
    executor = Returns(repeat(GOOD))
    executor.arena.verbs = frozenset({"acquire"})
    scenario = Scenario(AllPrograms({"acquire"}, steps=3), name="scope")
    run = explore_with(scenario, executor, Plan(seconds=0), LockSpec(), lambda _: None)
    assert run.coverage.scope == ScopeCoverage((1, 0, 0), (1, 2, 4))


def test_at_the_gate_each_program_is_run_in_every_order() -> None:
    """Each of two programs of 2 steps has one order here, since the examples have no moves."""
    executor = Returns(repeat(GOOD))
    executor.arena.verbs = frozenset({"acquire"})
    scenario = Scenario(AllPrograms({"acquire"}, steps=2, mode="gate"), name="scope")
    run = explore_with(scenario, executor, Plan(), LockSpec(), lambda _: None)
    assert run.coverage.scope == ScopeCoverage((1, 2), (1, 2))
    assert run.coverage.orders == OrderCoverage(3, 0, True)
    assert "Every order was run: 3 orders" in line(run).plain


def test_the_orders_of_all_batches_are_added() -> None:
    parts = [
        Coverage(scope=ScopeCoverage((1, count), (1, 3)), orders=OrderCoverage(count, 1, complete))
        for count, complete in ((1, True), (2, False))
    ]
    whole = merged([run_of(status="holds", coverage=one) for one in parts])
    assert whole.coverage.orders == OrderCoverage(3, 2, False)
