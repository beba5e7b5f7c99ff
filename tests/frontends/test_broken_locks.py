"""Locks and processes that misbehave: the run reports it and ends in order."""

import os
import re
import signal
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from lock_harness.frontends.reports import load
from lock_harness.servers.server import Server
from tests.frontends.command import TIMEOUT_S, Shell, within

BASE = "import os, time\nfrom lock_harness.locks.month_lock import MonthLock\n\nclass Lock(MonthLock):\n"


def lock(sh: Shell, text: str) -> tuple[str, str]:
    (sh.cwd / "mine.py").write_text(text)
    return "--lock", "mine:Lock"


def test_the_output_of_a_lock_that_exits_is_shown_without_its_password(
    sh: Shell, lock_server: Server
) -> None:
    chosen = lock(
        sh, BASE + "    def __init__(self, dsn):\n        print(dsn, flush=True)\n        os._exit(3)\n"
    )
    outcome = sh.run("run", "crashes", *chosen, "--pg", lock_server.url)
    assert outcome.code == 2
    assert "it printed: postgresql://postgres:***@" in outcome.error_line
    assert str(conninfo_to_dict(lock_server.url)["password"]) not in outcome.err


def test_a_lock_that_prints_and_starts_a_thread_when_it_is_imported_can_be_tested(sh: Shell) -> None:
    noisy = "import threading\nprint('hello')\nthreading.Thread(target=print, args=('again',)).start()\n"
    outcome = sh.run("run", "timeout_returns_false", *lock(sh, noisy + BASE + "    pass\n"))
    assert outcome.without_violation, outcome.out + outcome.err


@pytest.mark.parametrize("scenario", ["timeout_returns_false", "races", "interleavings", "statement_order"])
def test_a_lock_that_exits_after_it_worked_violates_a_check(sh: Shell, scenario: str) -> None:
    exits = (
        BASE
        + "    def acquire(self, *arguments):\n        super().acquire(*arguments)\n        os._exit(7)\n"
    )
    outcome = sh.run("run", scenario, "--examples", "3", *lock(sh, exits))
    assert outcome.code == 1, outcome.out + outcome.err
    assert re.search(r"the process of actor \d ended by itself: exit code 7", outcome.out)
    assert "lock-harness replay" in outcome.out


def test_a_lock_command_that_exits_after_it_worked_violates_a_check(sh: Shell) -> None:
    (sh.cwd / "lock.sh").write_text('read x; echo \'{"id":1,"ok":[]}\'; read x; exit 4')
    outcome = sh.run("run", "--lock-command", "sh lock.sh", "timeout_returns_false")
    assert outcome.code == 1, outcome.out + outcome.err
    assert "ended at 'acquire' with exit code 4" in outcome.out


def test_a_lock_may_exit_after_its_session_was_ended(sh: Shell) -> None:
    stops = (
        "    def {0}(self, *a):\n        try: return super().{0}(*a)\n        except Exception: os._exit(7)\n"
    )
    text = BASE + stops.format("acquire") + stops.format("release") + "    hold = None\n"
    outcome = sh.run("run", "backend_terminated", "--examples", "5", *lock(sh, text))
    assert outcome.without_violation, outcome.out + outcome.err


def test_a_month_left_locked_on_a_named_server_does_not_hide_the_violation(
    sh: Shell, lock_server: Server
) -> None:
    """The lock is a row that stays when its owner dies, and the harness removes nothing on a named server."""
    outcome = sh.run("run", "planted/row_survives_crash", "--pg", lock_server.url)
    with psycopg.connect(lock_server.dsn, autocommit=True) as conn:
        conn.execute("DROP TABLE held")
    assert outcome.code == 0, outcome.out + outcome.err
    assert "auto_release" in outcome.out
    assert "The lock left months locked on the server" in outcome.out


def test_months_that_another_session_holds_are_not_used(sh: Shell, lock_server: Server) -> None:
    with psycopg.connect(lock_server.dsn, autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(209001)")
        assert "4 of 5 blocks of months" in sh.run("doctor", "--pg", lock_server.url).out
        outcome = sh.run("run", "many_months", "--examples", "20", "--pg", lock_server.url)
        assert outcome.without_violation, outcome.out + outcome.err
        full = sh.run("run", "many_months", "--pg", lock_server.url, "--years", "2090-2091")
    assert full.code == 2
    assert "all years of 2090-2091 are in use on this database" in full.error_line


def test_a_lane_that_is_killed_ends_the_run_with_code_3(sh: Shell) -> None:
    process = sh.start("run", "many_months", "--examples", "1500", "-n", "2")
    assert within(TIMEOUT_S, lambda: list(sh.temporary.glob("*/a*.journal")))
    os.kill(lane_of(process.pid), signal.SIGKILL)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 3, out + err
    assert "a lane ended without a result for many_months" in err


def lane_of(pid: int) -> int:
    """Return a lane of the run: a child of its process with the same command line."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return next(int(child) for child in children if Path(f"/proc/{child}/cmdline").read_bytes() == command)


def test_runs_within_one_second_do_not_overwrite_each_others_reports(sh: Shell) -> None:
    for _ in range(3):
        sh.run("run", "timeout_returns_false", "--seed", "1")
    paths = list(sh.cwd.glob("reports/timeout_returns_false/*/run.json"))
    assert len(paths) == 3
    assert all(load(path).seed == 1 for path in paths)
