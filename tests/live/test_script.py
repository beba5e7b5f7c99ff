"""The script of a failure shows the failure of its lock, and no failure of the reference lock."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from lock_harness.core.program import Program
from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.locks.loading import REFERENCE, LockSpec
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, crash, program, release
from lock_harness.render.script import script
from lock_harness.servers.server import Server
from tests.histories import FEB, JAN, call, history, kill
from tests.runs import run

PLANTED = "lock_harness.scenarios.planted"
SHARED = f"{PLANTED}.shared_mode:SharedMode"
FREES_ALL = f"{PLANTED}.release_frees_all:ReleaseFreesAll"
ROW = f"{PLANTED}.row_survives_crash:RowLock"
PROGRAMS = {
    SHARED: program(acquire(0, JAN, 0), acquire(1, JAN, 0)),
    FREES_ALL: program(acquire(0, JAN, 0), acquire(0, FEB, 0), release(0, JAN), acquire(1, FEB, 0)),
}


def failing_run(server: Server, lock: str) -> Run:
    scenario = Scenario(PROGRAMS[lock], lock=LockSpec(lock))
    found = run_job(Job(scenario, Plan(seed=1)), server, lambda _: None)
    assert found.status == "violated"
    return found


def run_script(path: Path, *arguments: str) -> tuple[int, str]:
    """Run a script; return its exit code and its last line, or its error."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(path), *arguments]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, env=environment, cwd=path.parent
    )
    return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]


@pytest.mark.parametrize("lock", PROGRAMS, ids=lambda lock: lock.rpartition(":")[2])
def test_a_script_shows_the_failure_of_its_lock_alone(our_server: Server, lock: str, tmp_path: Path) -> None:
    found = failing_run(our_server, lock)
    path = tmp_path / "failure.py"
    path.write_text(script(found))
    code, last = run_script(path, our_server.dsn)
    assert last.startswith("VIOLATION: actor ")
    assert code == 1
    assert run_script(path, our_server.dsn, REFERENCE) == (0, "holds")


def test_a_script_kills_the_holder_and_makes_the_closing_calls(our_server: Server, tmp_path: Path) -> None:
    events = history(
        call(0, "acquire", JAN, at=0, answer=True),
        kill(0, at=5),
        call(1, "acquire", JAN, at=9, took=500, timeout=500, answer=False),
    )
    path = tmp_path / "failure.py"
    path.write_text(script(run(events, lock=ROW, program=Program(2, (JAN,), (acquire(0, JAN, 0), crash(0))))))
    code, last = run_script(path, our_server.dsn)
    assert last.startswith("VIOLATION: actor 1: acquire(2090, 1, 500) = False, expected True")
    assert code == 1
    assert run_script(path, our_server.dsn, REFERENCE) == (0, "holds")


def test_a_lock_that_cannot_be_opened_is_no_violation(our_server: Server, tmp_path: Path) -> None:
    found = failing_run(our_server, SHARED)
    path = tmp_path / "failure.py"
    path.write_text(script(msgspec.structs.replace(found, lock="lock_harness.core.clock:now_ns")))
    code, last = run_script(path, our_server.dsn)
    assert code == 2
    assert "has no session" in last
