"""The scheduler of a run and scenarios with all programs of a few steps, with simulated lanes and a simulated clock."""

import pytest

from lock_harness.campaign.messages import Done, ScenarioBatch
from lock_harness.campaign.work import SHARE_OF_SCOPES
from lock_harness.core.run import ScopeCoverage
from lock_harness.exploration.plan import Plan
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.workload import AllPrograms
from tests.lanes import (
    COSTS,
    FREED,
    TOTALS,
    TWO_HOLDERS,
    covered,
    done,
    drawn,
    simulate,
    violated,
)

SCOPE = Scenario(AllPrograms({"acquire"}, steps=3), name="small_scope")


def test_all_programs_are_run_once_by_several_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, [SCOPE])
    (work,) = result.campaign.works
    assert work.run is not None
    assert work.run.coverage.scope == ScopeCoverage((6, 70, 958), (6, 70, 958))
    assert sorted(batch.part for batch in result.lanes.batches) == [*range(21)]
    assert {lane for _, lane, _ in result.lanes.tasks} == {0, 1, 2, 3}
    assert result.heard.finished_ones == ["small_scope"]


def test_no_other_batch_is_given_until_the_number_of_all_programs_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(TOTALS, "small_scope", (6, 7))
    result = simulate(monkeypatch, [SCOPE], answer=short)
    assert len(result.lanes.batches) == 1


def short(batch: ScenarioBatch, name: str) -> Done:
    return done(name, 13, 1.0, coverage=covered(batch, name))


def test_the_user_may_limit_the_number_of_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, [SCOPE], plan=Plan(120, seed=1))
    assert [batch.examples for batch in result.lanes.batches] == [50, 50, 20]


def test_all_programs_end_at_the_first_violation_but_not_the_smaller_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lanes that run smaller programs finish, so the violation that is shown is the smallest."""

    def answer(batch: ScenarioBatch, name: str) -> Done | None:
        return {3: violated(batch, name, FREED), 2: violated(batch, name)}.get(batch.part)

    monkeypatch.setitem(COSTS, "small_scope", 0.05)
    result = simulate(monkeypatch, [SCOPE], answer=answer, lanes=3)
    (work,) = result.campaign.works
    assert work.run is not None
    assert (work.run.status, work.run.program) == ("violated", TWO_HOLDERS)
    assert len(result.lanes.batches) <= 6


def test_in_limited_time_all_programs_get_a_share_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOTALS, "small_scope", (10**6,))
    result = simulate(monkeypatch, [*drawn("a", "b", examples=10_000), SCOPE], seconds=60.0)
    spent = {work.scenario.name: work.seconds for work in result.campaign.works}
    assert spent["small_scope"] == pytest.approx(SHARE_OF_SCOPES * sum(spent.values()), rel=0.2)


def test_in_limited_time_no_program_is_run_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, [*drawn("a"), SCOPE], seconds=120.0)
    assert result.done["small_scope"] == sum(TOTALS["small_scope"])
    assert result.done["a"] > 1000
