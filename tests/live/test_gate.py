"""The gate on a live server: every interleaving can be produced, and reproduced."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from msgspec import structs

from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.core.run import OrderCoverage, Run
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.gate.schedulers.exhaustive import ScheduleEnumerator
from lock_harness.gate.schedulers.replay import divergence
from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs.draw import Draw
from lock_harness.programs.draws import programs
from lock_harness.programs.equipment import Equipment
from lock_harness.programs.scenario import Scenario
from lock_harness.servers.server import Server

JAN = Month(2090, 1)
CHECK_THEN_ACT = LockSpec("lock_harness.scenarios.planted.check_then_act:CheckThenAct")
# both actors ask whether the month is free, then both take it
SWITCH_BETWEEN = (0, 1, 0, 1)


@pytest.fixture
def executor(our_server: Server, request: pytest.FixtureRequest) -> Iterator[Executor]:
    """An executor with a gate, for the lock of the test."""
    opener = partial(open_arena, our_server, request.param, Bounds(), equipment=Equipment(gate=True))
    with closing(Executor(opener)) as opened:
        yield opened


def two(*steps: Step, choices: tuple[int, ...] = ()) -> Program:
    return Program(2, (JAN,), steps, "gate", choices=choices)


def takes(actor: int, timeout_ms: int = 0) -> Operation:
    return Operation(actor, "acquire", JAN, timeout_ms)


def explored(scenario: Scenario, server: Server, seed: int = 1) -> Run:
    return run_job(Job(scenario, Plan(seed=seed)), server, lambda _: None)


@pytest.mark.parametrize("executor", [CHECK_THEN_ACT], indirect=True)
def test_the_same_choices_lead_to_the_same_failure_each_time(executor: Executor) -> None:
    program = two(takes(0), takes(1), choices=SWITCH_BETWEEN)
    examples = [executor.run_and_clean_up(program) for _ in range(20)]
    assert [example.violated_checks >= {"mutual_exclusion"} for example in examples] == [True] * 20
    assert len({tuple(move.enabled for move in one.history.moves) for one in examples}) == 1
    assert {example.program.choices for example in examples} == {SWITCH_BETWEEN}


def test_lockstep_does_not_find_a_check_apart_from_its_act(our_server: Server) -> None:
    draw = Draw({"acquire": 4, "release": 3, "is_locked": 1}, months=(1, 2), taken_ms=(0,))
    run = explored(Scenario(draw, lock=CHECK_THEN_ACT), our_server)
    assert (run.status, run.figures.examples) == ("holds", 200)


@pytest.mark.parametrize("executor", [LockSpec()], indirect=True)
def test_a_correct_lock_holds_in_several_orders(executor: Executor) -> None:
    for choices in [(), (1,), (0, 1, 1), (1, 1, 1, 1), (0, 0, 1, 1)]:
        example = executor.run_and_clean_up(two(takes(0), takes(1, 2000), choices=choices))
        assert example.status == "holds", example.verdicts
        texts = [move.text for move in example.history.moves]
        assert any("pg_try_advisory_lock(209001" in text for text in texts)


TWICE = (takes(0), Operation(0, "release", JAN), takes(1), Operation(1, "release", JAN))
THREE = Program(3, (JAN,), (takes(0), takes(1), takes(2)), "gate")


def in_every_order(executor: Executor, program: Program) -> tuple[OrderCoverage, dict[frozenset[str], int]]:
    """Return how many orders were run, and how often which checks were violated."""
    orders, broken = ScheduleEnumerator(), dict[frozenset[str], int]()
    while orders.next:
        choices, scheduler = orders.next
        example = executor.run_and_clean_up(structs.replace(program, choices=choices, scheduler=scheduler))
        if orders.record(example.history.moves) is None:
            broken[example.violated_checks] = broken.get(example.violated_checks, 0) + 1
    return orders.coverage, broken


@pytest.mark.parametrize("executor", [LockSpec()], indirect=True)
@pytest.mark.parametrize("program", [two(*TWICE), THREE], ids=["two acquire and release", "three acquire"])
def test_a_correct_lock_holds_in_every_order(executor: Executor, program: Program) -> None:
    search, broken = in_every_order(executor, program)
    assert search.complete
    assert set(broken) == {frozenset()}


class ReleasesOnClose(MonthLock):
    """Sends a last request while its client already opens another session."""

    def close(self) -> None:
        self._conn.execute("SELECT pg_advisory_unlock_all()")
        super().close()


@pytest.mark.parametrize("executor", [ReleasesOnClose], indirect=True)
def test_a_session_may_be_opened_before_the_previous_one_has_ended(executor: Executor) -> None:
    """Actor 1 moves after the last statement of actor 0 and before its Terminate, until the new session is open."""
    program = two(Operation(0, "reopen"), *[takes(1)] * 50, Operation(0, "is_locked", JAN), choices=(0, 1))
    example = executor.run_and_clean_up(program)
    assert example.history.gave_up_ns is None
    assert example.status == "holds", example.verdicts


class WaitsInServer(MonthLock):
    """Waits in the server for a month."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if not timeout_ms:
            return super().acquire(year, month, 0)
        self._conn.execute("SELECT pg_advisory_lock(%s::bigint)", (get_month_lock_key(year, month),))
        return True


@pytest.mark.parametrize("executor", [WaitsInServer], indirect=True)
def test_an_actor_blocked_in_the_server_lets_others_move(executor: Executor) -> None:
    """Actor 0 acquires the month, 1 and 2 wait for it; then only 0 can move, and each release lets one in."""
    steps = [takes(actor, 2000) for actor in range(3)]
    example = executor.run_and_clean_up(Program(3, (JAN,), tuple(steps), "gate", choices=(0, 1, 1)))
    assert example.status == "holds", example.verdicts
    moves = [(move.actor, move.enabled) for move in example.history.moves]
    assert moves == [(0, (0, 1, 2)), (1, (0, 1, 2)), (2, (0, 2)), (0, (0,)), (1, (1,)), (2, (2,))]


@pytest.mark.parametrize("executor", [LockSpec()], indirect=True)
@pytest.mark.parametrize(
    "faults", [{}, {"crash": 2, "reset": 2, "terminate": 2}], ids=["no faults", "faults"]
)
def test_drawn_programs_lead_to_the_same_moves_again(executor: Executor, faults: dict[str, int]) -> None:
    """The programs have retries that sleep, sessions that are closed and opened, bodies of `hold`, and lists."""
    weights = {"acquire": 3, "release": 1, "reopen": 2, "list": 1, "hold": 2, "round": 2, **faults}
    draw = Draw(weights, mode="gate", scheduler="random", steps=(4, 12))
    arena = executor.arena

    @settings(
        max_examples=25, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(programs(draw, arena.years, arena.verbs))
    def check(program: Program) -> None:
        first = executor.run_and_clean_up(program)
        again = executor.run_and_clean_up(first.program)
        assert (first.status, again.status) == ("holds", "holds")
        assert divergence(first.history.moves, again.history.moves) is None

    check()
