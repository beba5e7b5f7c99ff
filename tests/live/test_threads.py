"""Actors that are threads of one process share one session of a lock that says that it is thread-safe."""

import threading
import time
from collections import defaultdict
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from lock_harness.core.errors import NotApplicable
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.exploration.executor import run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs.discovery import find_scenarios
from lock_harness.programs.equipment import equipment
from lock_harness.programs.loading import load_scenarios
from lock_harness.servers.server import Server
from tests.holding import holding

SCENARIO = load_scenarios(find_scenarios([Path(__file__).parents[2] / "scenarios"]))["threads"]


class ThreadSafeLock(MonthLock):
    """Of the threads that share the session, one at a time uses a month."""

    thread_safe = True

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._mutex = threading.Lock()
        # for each month, the thread that holds it once for each element
        self._holders: defaultdict[tuple[int, int], list[int]] = defaultdict(list)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            last = time.monotonic() >= deadline
            if self._try_acquire(year, month):
                return True
            if last:
                return False
            time.sleep(max(0.0, min(deadline - time.monotonic(), 0.005)))

    def _try_acquire(self, year: int, month: int) -> bool:
        """Refuse the month only if another thread or session holds it: one that merely waits is no reason."""
        holders, me = self._holders[year, month], threading.get_ident()
        with self._mutex:
            if holders and holders[0] != me:
                return False
            acquired = super().acquire(year, month, 0)
            if acquired:
                holders.append(me)
            return acquired

    def release(self, year: int, month: int) -> bool:
        holders = self._holders[year, month]
        with self._mutex:
            if not holders or holders[0] != threading.get_ident():
                return False
            holders.pop()
            return super().release(year, month)

    def hold(self, year: int, month: int, timeout_ms: int) -> AbstractContextManager[bool]:
        return holding(self, year, month, timeout_ms)


def test_actors_share_a_process_and_a_session_and_exclude_each_other(lock_server: Server) -> None:
    """Each pair of actors is one session on the server."""
    month = Month(2090, 1)
    rounds = [
        Operation(actor, verb, month, 2000) for actor in range(4) for verb in ("acquire", "count", "release")
    ]
    program = Program(4, (month,), tuple(rounds), "race", rounds=5, threads=2)
    with open_arena(lock_server, ThreadSafeLock, Bounds(), equipment=equipment(program)) as arena:
        month = Month(arena.years.first, 1)
        moved = tuple(Operation(step.actor, step.verb, month, step.timeout_ms) for step in rounds)
        example = run(Program(4, (month,), moved, "race", rounds=5, threads=2), arena)
        pids = [process.pid for process in arena.warm_actors]
        named = [row.name for row in arena.observer.locks([process.session for process in arena.warm_actors])]
    assert pids[0] == pids[1] != pids[2] == pids[3]
    assert len(set(named)) == 2
    assert [one for one in example.verdicts if one.status == "violated" and not one.timed] == []
    counted = sorted(event.counted for event in example.history.events if event.counted is not None)
    assert counted == [*range(20)]


def test_a_thread_safe_lock_holds(lock_server: Server) -> None:
    report = run_job(
        Job(replace(SCENARIO), Plan(20), LockSpec(f"{__name__}:ThreadSafeLock")), lock_server, lambda _: None
    )
    assert report.status != "violated", report.verdicts


def test_a_lock_that_does_not_say_so_is_not_run_in_threads(lock_server: Server) -> None:
    with pytest.raises(NotApplicable, match="the lock has no thread_safe"):
        run_job(Job(SCENARIO, Plan(1), LockSpec()), lock_server, lambda _: None)
