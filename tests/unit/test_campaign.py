"""The scheduler of a run, with simulated lanes and a simulated clock."""

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from lock_harness.campaign import campaign as module
from lock_harness.campaign.campaign import LaneError
from lock_harness.campaign.lanes import LaneEnded
from lock_harness.campaign.messages import (
    Done,
    Failed,
    Known,
    Refused,
    Repeat,
    Report,
    ScenarioBatch,
    Skipped,
)
from lock_harness.campaign.work import MINIMUM, MOST_VIOLATIONS, Rank
from lock_harness.core.errors import HarnessError, InternalError, MachineError, UserError
from lock_harness.core.verdict import Bounds
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.workload import AllPrograms
from tests.lanes import (
    COSTS,
    DEFAULT_SET,
    FREED,
    TOTALS,
    TWO_HOLDERS,
    done,
    drawn,
    simulate,
    violated,
)

# Which batch comes next


def test_each_scenario_gets_all_its_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch)
    for scenario in DEFAULT_SET:
        others = sum(TOTALS[scenario.name]) if isinstance(scenario.what, AllPrograms) else 1
        assert result.done[scenario.name] == (
            scenario.examples if isinstance(scenario.what, Draw) else others
        )
    assert sorted(result.heard.finished_ones) == sorted(one.name for one in DEFAULT_SET)


def test_the_first_batches_come_in_the_order_of_the_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch)
    ranks = [result.campaign.works[one.scenario].rank for one in result.lanes.batches if one.part == 0]
    assert ranks == sorted(ranks)
    assert ranks[0] == Rank.FIXED
    assert ranks[-1] == Rank.SPECIAL


def test_no_scenario_gets_more_than_the_minimum_before_all_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, drawn("a", "b", "c", "d", "e"), lanes=2)
    parts = [one.part for one in result.lanes.batches]
    assert parts[:5] == [0] * 5
    assert {one.examples for one in result.lanes.batches if one.part == 0} == {MINIMUM}


def test_the_lanes_are_busy_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch)
    assert result.lanes.busy_s / (result.lanes.now * 4) > 0.85


def test_a_scenario_whose_equipment_takes_long_to_open_runs_on_one_lane(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = simulate(monkeypatch)
    alone = {work.index for work in result.campaign.works if work.needs_own_lane}
    assert {"server_restart", "clock_step", "through_pgbouncer_session"} <= {
        DEFAULT_SET[one].name for one in alone
    }
    running: dict[int, float] = {}
    for at, _, task in result.lanes.tasks:
        if isinstance(task, ScenarioBatch) and task.scenario in alone:
            assert running.get(task.scenario, 0.0) <= at
            cost = COSTS.get(DEFAULT_SET[task.scenario].name, 0.05)
            running[task.scenario] = at + (task.examples or 1) * cost


def test_each_batch_draws_with_another_seed_which_does_not_depend_on_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = simulate(monkeypatch, drawn("a", "b", examples=100), lanes=1)
    second = simulate(monkeypatch, drawn("a", "b", examples=100), lanes=3)
    seeds = [
        sorted((one.scenario, one.part, one.seed, one.examples) for one in each.lanes.batches)
        for each in (first, second)
    ]
    assert seeds[0] == seeds[1]
    assert max(Counter((scenario, seed) for scenario, _, seed, _ in seeds[0]).values()) == 1


def test_failures_of_earlier_runs_are_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    repeat = Repeat("3f9a1c2e", "crashes", "", TWO_HOLDERS, ("mutual_exclusion",), Bounds(), 10)
    result = simulate(monkeypatch, drawn("a"), repeats=[repeat], lanes=1)
    kinds = [type(task) for _, _, task in result.lanes.tasks]
    assert kinds[1:3] == [Repeat, ScenarioBatch]
    assert result.heard.repeats == ["crashes"]


def test_failures_of_earlier_runs_take_two_seconds_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [
        Repeat(f"{number:08x}", "crashes", "", TWO_HOLDERS, ("mutual_exclusion",), Bounds(), 10)
        for number in range(30)
    ]
    result = simulate(monkeypatch, drawn("a"), repeats=tasks, lanes=1)
    tried = [task for _, _, task in result.lanes.tasks if isinstance(task, Repeat)]
    # each takes 0.1 s here
    assert len(tried) == 20
    assert [name for name, _ in result.heard.not_tried] == [task.finding for task in tasks[20:]]
    shares = [task.seconds for task in tried if task.seconds is not None]
    assert shares[0] == pytest.approx(2.0 / 30)
    assert sum(shares) < 2.0
    assert result.done["a"] == 40


def test_a_second_lane_opens_when_the_first_one_has_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, drawn("a", "b"), lanes=2)
    times = {lane: at for at, lane, _ in reversed(result.lanes.tasks)}
    assert times[0] == 0
    assert times[1] > 0


# The time


@pytest.mark.parametrize("seconds", [20.0, 60.0, 300.0])
def test_a_run_ends_in_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    result = simulate(monkeypatch, seconds=seconds)
    assert 0.9 * seconds < result.lanes.now < 1.06 * seconds + module.POLL_S


def test_at_60_seconds_every_drawn_scenario_gets_its_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, seconds=60.0)
    assert all(work.done >= work.minimum for work in result.campaign.works)


def test_a_run_with_much_time_goes_on_after_all_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, drawn("a", "b"), seconds=60.0)
    assert min(result.done.values()) > 100


def test_further_time_goes_where_new_behaviour_appears(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(batch: ScenarioBatch, name: str) -> Done:
        report = done(name, batch.examples or 1, (batch.examples or 1) * 0.05)
        fresh = (
            frozenset(f"{batch.part} {number}" for number in range(9)) if name == "rich" else frozenset[str]()
        )
        return msgspec.structs.replace(report, behaviours=fresh)

    result = simulate(monkeypatch, drawn("poor", "rich"), seconds=60.0, answer=answer)
    assert result.done["rich"] > 3 * result.done["poor"]


def test_a_lane_that_hangs_is_killed_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COSTS, "hangs", 1000.0)
    result = simulate(monkeypatch, drawn("hangs", "a"), seconds=30.0)
    assert result.lanes.killed
    assert result.campaign.killed == ["hangs"]
    assert result.lanes.now < 1.06 * 30 + module.POLL_S


def test_an_interrupted_run_finishes_its_examples_and_gives_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, drawn("a", "b", examples=1000), interrupted_at=2.0)
    assert result.lanes.stopped
    assert not result.lanes.killed
    assert max(at for at, _, _ in result.lanes.tasks) < 2.1


# Findings


def test_one_defect_that_many_scenarios_meet_is_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, drawn("a", "b", "c"), answer=violated)
    assert len(result.heard.new) == 1
    assert sorted(result.heard.new[0].scenarios) == ["a", "b", "c"]


def test_another_program_is_another_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(batch: ScenarioBatch, name: str) -> Done:
        return violated(batch, name, TWO_HOLDERS if name == "a" else FREED)

    assert len(simulate(monkeypatch, drawn("a", "b"), answer=answer).heard.new) == 2


def test_a_scenario_goes_on_after_a_violation_if_there_is_time_but_not_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = simulate(monkeypatch, drawn("a", examples=1000), answer=violated, lanes=1)
    assert len(result.lanes.batches) == 1
    result = simulate(monkeypatch, drawn("a", examples=1000), answer=violated, lanes=1, seconds=60.0)
    assert len(result.lanes.batches) == MOST_VIOLATIONS


def test_later_batches_know_what_was_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, drawn("a", examples=1000), answer=violated, lanes=1, seconds=60.0)
    known = [[one.program for one in batch.known] for batch in result.lanes.batches]
    assert known == [[], [TWO_HOLDERS], [TWO_HOLDERS]]


def test_one_lane_shrinks_at_a_time_and_the_next_one_knows_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = simulate(monkeypatch, drawn("a", "b", "c"), lanes=3, answer=violated, asks=True)
    assert result.lanes.most_shrinking == 1
    known = [len(task.failures) for _, _, task in result.lanes.tasks if isinstance(task, Known)]
    assert known[0] == 0
    assert known[-1] == 1
    assert len(result.heard.new) == 1


def test_a_planted_lock_that_is_caught_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = [Scenario(Draw({"acquire": 1}), expects="mutual_exclusion", name="planted/a")]
    result = simulate(monkeypatch, planted, answer=violated)
    assert (len(result.lanes.batches), result.heard.new) == (1, [])


def test_a_run_can_end_at_the_first_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(monkeypatch, drawn("a", "b", "c"), answer=violated, lanes=1, stops_at_first=True)
    assert (len(result.lanes.batches), len(result.heard.new)) == (1, 1)


def test_an_accepted_finding_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate(
        monkeypatch, drawn("a", "b", "c"), answer=violated, stops_at_first=True, accepts=lambda _: True
    )
    assert {one.scenario for one in result.lanes.batches} == {0, 1, 2}


# What can go wrong


def test_a_scenario_that_is_not_applicable_is_skipped_and_the_rest_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = simulate(
        monkeypatch,
        drawn("a", "b"),
        answer=lambda _, name: Skipped("no such thing") if name == "a" else None,
    )
    assert result.campaign.works[0].skipped == "no such thing"
    assert result.done["b"] == 40


def test_a_lane_without_room_leaves_its_batch_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[ScenarioBatch] = []

    def answer(batch: ScenarioBatch, name: str) -> Refused | None:
        del name
        if batch.part == 2 and not refused:
            refused.append(batch)
            return Refused("no years are left")
        return None

    result = simulate(monkeypatch, drawn("a", examples=200), lanes=2, answer=answer)
    assert refused
    assert result.done["a"] == 200
    seeds = [one.seed for one in result.lanes.batches if one.part == 2]
    assert len(seeds) == 2
    assert len(set(seeds)) == 1


@pytest.mark.parametrize(
    ("report", "error"),
    [
        (lambda _: Refused("no years are left"), UserError),
        (lambda _: Failed("the lock cannot be used", 2), LaneError),
        (lambda _: Failed("KeyError: 1", 3, "Traceback"), InternalError),
        (lambda _: LaneEnded("Killed"), MachineError),
    ],
)
def test_an_error_of_the_only_lane_ends_the_run(
    monkeypatch: pytest.MonkeyPatch,
    report: Callable[[ScenarioBatch], Report | LaneEnded],
    error: type[HarnessError],
) -> None:
    with pytest.raises(error):
        simulate(monkeypatch, drawn("a"), lanes=1, answer=lambda batch, _: report(batch))
