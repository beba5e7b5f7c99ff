"""A violation of a race is shrunk at the gate, where it comes back each time."""

import io
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.run import Run
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.exploration.executor import Executor, run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.frontends.replay import replay
from lock_harness.frontends.reports import save
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.discovery import find_scenarios
from lock_harness.programs.draw import Draw
from lock_harness.programs.equipment import Equipment
from lock_harness.programs.loading import load_scenarios
from lock_harness.programs.scenario import Scenario
from lock_harness.scenarios.planted.row_survives_crash import RowLock
from lock_harness.servers.server import Server

JAN, FEB = Month(2090, 1), Month(2090, 2)
GATE = Equipment(gate=True)
PLANTED = load_scenarios(find_scenarios([Path(__file__).parents[2] / "scenarios"]))
CHECK_THEN_ACT = LockSpec("lock_harness.scenarios.planted.check_then_act:CheckThenAct")
TIMES = 20
TRIES = 5


@pytest.fixture(autouse=True)
def _extend_time_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give recording and shrinking enough attempts and time even on a busy machine."""
    monkeypatch.setattr("lock_harness.exploration.recording.RECORDINGS", 20)
    monkeypatch.setattr("lock_harness.exploration.recording.RECORD_S", 60.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.SHRINK_S", 90.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 90.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 3)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEAT_S", 60.0)


def explored(scenario: Scenario, server: Server) -> Run:
    return run_job(Job(scenario, Plan(seed=1)), server, lambda _: None)


def test_a_check_apart_from_its_act_is_found_in_a_race_and_comes_back_each_time_at_the_gate(
    our_server: Server, tmp_path: Path
) -> None:
    draw = Draw(
        {"acquire": 3, "release": 2, "round": 3}, mode="race", actors=(2, 4), months=(1, 1), steps=(4, 12)
    )
    found = explored(Scenario(draw, lock=CHECK_THEN_ACT, expects="mutual_exclusion"), our_server)
    assert found.shrinking is not None
    assert found.shrinking.why_as_race is None
    assert (found.shrinking.first_program.mode, found.program.mode) == ("race", "gate")
    assert len(found.program.steps) == 2
    assert sum(choice > 0 for choice in found.program.choices) <= 2, found.program.choices
    assert found.repeats == (3, 3)
    with closing(
        Executor(partial(open_arena, our_server, CHECK_THEN_ACT, Bounds(), equipment=GATE))
    ) as executor:
        broken = [executor.run_and_clean_up(found.program).violated_checks for _ in range(TIMES)]
    assert all("mutual_exclusion" in one for one in broken)
    output = io.StringIO()
    assert replay(save(found, tmp_path), 2, None, None, Console(file=output)) == 1
    assert "failed 2 of 2 times" in output.getvalue()


class Heirs(RowLock):
    """Acquires a month whose owner is dead, but leaves the row in the name of the dead session."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        dead = "SELECT FROM held WHERE key = %s AND pid NOT IN (SELECT pid FROM pg_stat_activity)"
        found = self._conn.execute(dead, (year * 100 + month,)).fetchone()
        return found is not None or super().acquire(year, month, timeout_ms)


def test_an_actor_killed_in_a_race_is_killed_at_the_gate(our_server: Server) -> None:
    """On a busy machine the kill may come before the acquire, and no check fails: then the race is run again."""
    steps = (
        Operation(0, "acquire", JAN),
        Fault(0, "kill", at_ms=500),
        Operation(0, "release", JAN, pause_us=1_500_000),
        Operation(1, "acquire", JAN, pause_us=1_500_000),
        Operation(1, "release", JAN, pause_us=1_500_000),
        Operation(2, "acquire", JAN, pause_us=2_000_000),
    )
    scenario = Scenario(Program(3, (JAN,), steps, "race"), expects="mutual_exclusion")
    runs = (run_job(Job(scenario, Plan(seed=1), Heirs), our_server, lambda _: None) for _ in range(TRIES))
    found = next(run for run in runs if run.status == "violated")
    assert found.shrinking is not None
    assert found.shrinking.why_as_race is None
    assert (found.shrinking.first_program.mode, found.program.mode) == ("race", "gate")
    assert {step.kind for step in found.program.steps if isinstance(step, Fault)} == {"kill"}


def test_a_race_that_depends_on_a_wall_clock_is_not_moved_to_the_gate(
    our_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("libfaketime")
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 1.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 1)
    found = explored(PLANTED["planted/wall_clock"], our_server)
    assert (found.status, found.program.mode) == ("violated", "race")


# Recordings


def recorded(server: Server, program: Program) -> list[tuple[int, int, str]]:
    """Return the moves of a race: actor, step and text."""
    with open_arena(server, LockSpec(), Bounds(), equipment=GATE) as arena:
        example = run(program, arena)
    assert example.status == "holds", example.verdicts
    assert {move.enabled for move in example.history.moves} == {()}
    return [(move.actor, move.number, move.text) for move in example.history.moves]


def test_a_race_is_recorded_with_its_rounds_and_the_release_at_the_end(lock_server: Server) -> None:
    steps = (Operation(0, "acquire", JAN), Operation(0, "hold", JAN))
    moves = recorded(lock_server, Program(1, (JAN,), steps, "race", rounds=2))
    assert [number for _, number, _ in moves] == [0, 1, 1, 2, 3, 3, 4, 5]
    assert all(text for _, _, text in moves)


def test_a_killed_process_and_its_replacement_are_recorded_as_one_actor(lock_server: Server) -> None:
    """Actor 1 is killed before it begins its second step, which the new process takes."""
    steps = (
        Operation(1, "acquire", JAN),
        Fault(1, "kill", at_ms=100),
        Operation(1, "release", JAN, pause_us=400_000),
        Operation(0, "is_locked", JAN),
    )
    moves = recorded(lock_server, Program(2, (JAN,), steps, "race"))
    assert [(actor, number) for actor, number, _ in moves if actor == 1] == [(1, 0), (1, 2)]
