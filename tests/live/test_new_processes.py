"""Locks that behave differently in a process that has never used them before."""

import time
from pathlib import Path

import pytest
from rich.console import Console

from lock_harness.core.program import Month
from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.frontends.replay import replay
from lock_harness.frontends.reports import save
from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, program, release
from lock_harness.servers.server import Server

JAN = Month(2090, 1)
TWO_ASK = Scenario(program(acquire(0, JAN, 0), acquire(1, JAN, 0), release(0, JAN)), name="two")


class SlowAtFirst(MonthLock):
    """Its first acquire in a process takes long, as if it imported a library."""

    is_warm = False

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if not SlowAtFirst.is_warm:
            SlowAtFirst.is_warm = True
            time.sleep(0.7)
        return super().acquire(year, month, timeout_ms)


class ForgetsAtFirst(MonthLock):
    """Its first acquire in a process locks nothing."""

    is_warm = False

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if ForgetsAtFirst.is_warm:
            return super().acquire(year, month, timeout_ms)
        ForgetsAtFirst.is_warm = True
        return True


def run_with(lock: type[MonthLock], server: Server) -> Run:
    return run_job(Job(TWO_ASK, Plan(seed=1), lock), server, lambda _: None)


def test_a_slow_first_call_of_a_process_is_not_judged(lock_server: Server) -> None:
    assert run_with(SlowAtFirst, lock_server).status == "holds"


def test_a_failure_of_new_processes_comes_back_with_new_processes_and_says_so(
    our_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 3)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEAT_S", 60.0)
    run = run_with(ForgetsAtFirst, our_server)
    assert (run.status, run.repeats) == ("violated", (3, 3))
    assert run.shrinking is not None
    assert run.shrinking.new_processes
    console = Console(record=True, width=200)
    again = replay(save(run, tmp_path), 3, LockSpec(f"{__name__}:ForgetsAtFirst"), our_server.dsn, console)
    assert again == 1
    text = console.export_text()
    assert "failed 3 of 3 times" in text
    assert "Each run had new processes" in text
