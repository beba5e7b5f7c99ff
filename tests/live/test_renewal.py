"""After a violation: whether an arena can be used again, and is as new then."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import Arena, open_arena
from lock_harness.exploration.executor import Executor, run
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.scenarios.planted.row_survives_crash import RowLock
from lock_harness.servers.server import Server

JAN = Month(2090, 1)


class MakesAFunction(MonthLock):
    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        self._conn.execute("CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        return super().acquire(year, month, timeout_ms)


class HasAChild(MonthLock):
    """Its session lives on in a process that nobody knows of."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        fd = self._conn.fileno()
        subprocess.Popen(["setsid", "sleep", "2"], pass_fds=[fd])
        return super().acquire(year, month, timeout_ms)


@pytest.fixture
def arena(our_server: Server, request: pytest.FixtureRequest) -> Iterator[Arena]:
    lock: Lock | LockSpec = request.param
    with open_arena(our_server, lock, Bounds(release_ms=300)) as opened:
        yield opened


def take(arena: Arena) -> Program:
    """Take a month that is ours, and give it back; the harness's own release at the end is enough."""
    month = Month(arena.years.first, 1)
    return Program(1, (month,), (Operation(0, "acquire", month),))


@pytest.mark.parametrize("arena", [LockSpec(), RowLock], indirect=True, ids=["sessions", "tables"])
def test_new_actors_are_enough_for_locks_of_sessions_and_for_rows(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(take(arena), arena)
    before = arena.warm_actors[0].name
    with monkeypatch.context() as later:
        later.setattr(arena.pool, "reserve", lambda _: None)  # new spares make their tables at once
        assert arena.reset()
        assert arena.observer.is_pristine()
    again = run(take(arena), arena)
    assert again.status == "holds", again.verdicts
    assert arena.warm_actors[0].name != before


@pytest.mark.parametrize("arena", [MakesAFunction, HasAChild], indirect=True)
def test_what_stays_takes_another_arena(arena: Arena) -> None:
    run(take(arena), arena)
    assert not arena.reset()


def test_a_laboratory_goes_on_in_the_same_arena_or_in_another(our_server: Server) -> None:
    for lock, stays in ((NeverGivesBack, True), (NeverAndMakes, False)):
        with ExitStack() as stack:
            executor = Executor(lambda lock=lock: open_arena(our_server, lock, Bounds()))  # type: ignore[misc]
            stack.callback(executor.close)
            home = executor.arena
            assert executor.run_and_clean_up(take(home)).status == "violated"
            assert (executor.arena is home) == stays
            assert executor.arena.observer.is_pristine()


class NeverGivesBack(MonthLock):
    def release(self, year: int, month: int) -> bool:  # noqa: ARG002
        return True


class NeverAndMakes(MakesAFunction):
    def release(self, year: int, month: int) -> bool:  # noqa: ARG002
        return True


def test_after_a_doubt_nothing_is_left_either(our_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the next program met there was taken for its own fault."""
    monkeypatch.setattr("lock_harness.analysis.delays.Delays.stalled", lambda *_: True)
    with ExitStack() as stack:
        executor = Executor(lambda: open_arena(our_server, RowLock, Bounds(release_ms=300)))
        stack.callback(executor.close)
        month = Month(executor.arena.years.first, 1)
        dies = Program(1, (month,), (Operation(0, "acquire", month), Fault(0, "kill")))
        assert executor.run_and_clean_up(dies).status == "unknown"
        assert executor.run_and_clean_up(take(executor.arena)).status == "holds"
