"""After a violation an arena is reset, and replaced if that is not enough."""

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
    """The session stays open in a child process that the harness does not know."""

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
    """Return a program that acquires a month of the arena; the harness releases it at the end."""
    month = Month(arena.years.first, 1)
    return Program(1, (month,), (Operation(0, "acquire", month),))


@pytest.mark.parametrize("arena", [LockSpec(), RowLock], indirect=True, ids=["sessions", "tables"])
def test_reset_leaves_a_pristine_arena_after_session_locks_and_after_tables(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(take(arena), arena)
    before = arena.warm_actors[0].name
    with monkeypatch.context() as patched:
        # new spares would create their tables at once
        patched.setattr(arena.pool, "reserve", lambda _: None)
        assert arena.reset()
        assert arena.observer.is_pristine()
    again = run(take(arena), arena)
    assert again.status == "holds", again.verdicts
    assert arena.warm_actors[0].name != before


@pytest.mark.parametrize("arena", [MakesAFunction, HasAChild], indirect=True)
def test_reset_fails_if_a_function_or_a_session_remains(arena: Arena) -> None:
    run(take(arena), arena)
    assert not arena.reset()


def test_an_executor_opens_another_arena_only_if_reset_fails(our_server: Server) -> None:
    for lock, stays in ((NeverReleases, True), (NeverReleasesAndMakesAFunction, False)):
        with ExitStack() as stack:
            executor = Executor(lambda lock=lock: open_arena(our_server, lock, Bounds()))  # type: ignore[misc]
            stack.callback(executor.close)
            home = executor.arena
            assert executor.run_and_clean_up(take(home)).status == "violated"
            assert (executor.arena is home) == stays
            assert executor.arena.observer.is_pristine()


class NeverReleases(MonthLock):
    def release(self, year: int, month: int) -> bool:  # noqa: ARG002
        return True


class NeverReleasesAndMakesAFunction(MakesAFunction):
    def release(self, year: int, month: int) -> bool:  # noqa: ARG002
        return True


def test_an_executor_resets_the_arena_after_an_unknown_verdict(
    our_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the reset, locks of the previous program could fail the next one."""
    monkeypatch.setattr("lock_harness.analysis.delays.Delays.stalled", lambda *_: True)
    with ExitStack() as stack:
        executor = Executor(lambda: open_arena(our_server, RowLock, Bounds(release_ms=300)))
        stack.callback(executor.close)
        month = Month(executor.arena.years.first, 1)
        dies = Program(1, (month,), (Operation(0, "acquire", month), Fault(0, "kill")))
        assert executor.run_and_clean_up(dies).status == "unknown"
        assert executor.run_and_clean_up(take(executor.arena)).status == "holds"
