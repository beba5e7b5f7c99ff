"""The commands of the command line: run, replay, list, locks, doctor."""

import os
import re
import signal
import time
from pathlib import Path

import psycopg
import pytest
from junitparser import JUnitXml

from lock_harness.frontends.reports import load
from lock_harness.servers.pgbouncer import why_unavailable
from lock_harness.servers.server import Server
from tests.frontends.command import TIMEOUT_S, Outcome, Shell, within


def test_a_run_shows_and_saves_each_scenario(sh: Shell) -> None:
    outcome = sh.run("run", "timeout_returns_false", "many_months", "--examples", "30", "--seed", "7")
    assert outcome.code == 0, outcome.out + outcome.err
    assert outcome.err == ""
    assert re.search(r"✓ many_months +holds +30 examples", outcome.out)
    saved = load(next(sh.cwd.glob("reports/many_months/*-7/run.json")))
    assert (saved.scenario, saved.seed, saved.status, saved.figures.examples) == (
        "many_months",
        7,
        "holds",
        30,
    )
    assert JUnitXml.fromfile(str(sh.cwd / "reports/junit.xml")).tests == 2
    assert [path.name for path in sh.cwd.iterdir()] == ["reports"], (
        "only reports/ is created in the working directory"
    )


def test_the_violation_of_a_broken_lock_is_reported_and_can_be_replayed(sh: Shell) -> None:
    lock = ("--lock", "lock_harness.scenarios.planted.shared_mode:SharedMode")
    outcome = sh.run("run", "interleavings", *lock)
    assert outcome.code == 1
    assert "mutual_exclusion" in outcome.out
    assert re.search(r"failed (\d+) of \1 times", outcome.out), outcome.out
    command = re.search(r"See it again: lock-harness (replay \S+)", outcome.out)
    assert command is not None
    again = sh.run(*command[1].split())
    assert again.code == 1
    assert re.search(r"failed (\d+) of \1 times", again.out), again.out
    fixed = sh.run(*command[1].split(), "--lock", "lock_harness.locks.month_lock:MonthLock")
    assert fixed.code == 0
    assert "failed 0 of 10 times" in fixed.out


def test_several_lanes_share_all_programs_of_a_few_steps(sh: Shell) -> None:
    outcome = sh.run("run", "small_scope", "--examples", "120", "-n", "2")
    assert re.search(r"all 76 programs of up to 2 steps, and 44 of 958 with 3: none violates", outcome.out)
    found = sh.run(
        "run", "small_scope", "-n", "2", "--lock", "lock_harness.scenarios.planted.shared_mode:SharedMode"
    )
    assert found.code == 1
    assert re.search(r"the smallest that violates has 2 steps", found.out, re.IGNORECASE), found.out


def test_runs_with_the_same_seed_draw_the_same_programs(sh: Shell) -> None:
    for folder in ("one", "two"):
        sh.run("run", "interleavings", "--examples", "25", "--seed", "11", "--reports", folder)
    programs = [load(path).program for path in sh.cwd.glob("*/interleavings/*/run.json")]
    assert len(programs) == 2
    assert programs[0] == programs[1]


def test_a_run_with_a_time_limit_runs_every_scenario_until_the_time_is_over(sh: Shell) -> None:
    began = time.monotonic()
    outcome = sh.run("run", "many_months", "interleavings", "wrapper", "--for", "15s")
    took_s = time.monotonic() - began
    assert outcome.without_violation, outcome.out + outcome.err
    runs = [load(path) for path in sh.cwd.glob("reports/*/*/run.json")]
    # on a very busy machine a lane may not finish its first batch
    not_run = re.search(r"(\d+) not run for lack of time", outcome.out)
    assert len(runs) + int(not_run[1] if not_run else 0) == 3
    assert runs
    assert all(run.figures.examples for run in runs)
    # Scenarios that are drawn go on until the time is over.  How exactly a run ends is tested with a simulated clock: here a
    # busy machine may take long to close everything.
    assert 13 < took_s < 15 * 2


def test_lanes_share_the_examples_of_a_scenario(sh: Shell) -> None:
    outcome = sh.run("run", "many_months", "timeout_returns_false", "--examples", "41", "-n", "2")
    assert outcome.code == 0, outcome.out + outcome.err
    assert re.search(r"✓ many_months +holds +41 examples", outcome.out)
    counts = [load(path).figures.examples for path in sh.cwd.glob("reports/many_months/*/run.json")]
    assert counts == [41]


def test_a_broken_lock_is_found_by_lanes(sh: Shell) -> None:
    outcome = sh.run(
        "run", "many_months", "-n", "2", "--lock", "lock_harness.scenarios.planted.shared_mode:SharedMode"
    )
    assert outcome.code == 1
    assert "mutual_exclusion" in outcome.out
    assert "See it again: lock-harness replay" in outcome.out


def test_a_lane_reports_in_one_line_that_a_lock_cannot_be_used(sh: Shell) -> None:
    (sh.cwd / "some_lock.py").write_text(
        "class Lock:\n    def __init__(self, dsn): raise OSError('no luck')\n"
    )
    outcome = sh.run("run", "many_months", "-n", "2", "--lock", "some_lock:Lock")
    assert outcome.code == 2
    assert "the lock cannot be used: OSError: no luck" in outcome.error_line


def test_a_named_server_is_used_and_nothing_is_created_on_it(sh: Shell, lock_server: Server) -> None:
    with psycopg.connect(lock_server.dsn, autocommit=True) as conn:
        before = conn.execute("SELECT count(*) FROM pg_class").fetchone()
        outcome = sh.run("run", "--examples", "3", HYPERDRIVE_CONNECTION_STRING=lock_server.url)
        assert outcome.without_violation, outcome.out + outcome.err
        assert ", named, " in outcome.out
        assert conn.execute("SELECT count(*) FROM pg_class").fetchone() == before
        assert conn.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)


def test_two_runs_at_once_on_one_server_do_not_disturb_each_other(sh: Shell, lock_server: Server) -> None:
    arguments = ("run", "interleavings", "many_months", "--examples", "60", "--pg", lock_server.url)
    runs = [sh.start(*arguments, "--reports", f"r{number}") for number in range(2)]
    for one in runs:
        out, err = one.communicate(timeout=TIMEOUT_S)
        assert Outcome(one.returncode, out, err).without_violation, out + err


def test_a_password_in_the_error_of_a_lock_is_neither_shown_nor_saved(sh: Shell, lock_server: Server) -> None:
    secret = str(psycopg.conninfo.conninfo_to_dict(lock_server.url)["password"])
    (sh.cwd / "leaky.py").write_text(
        "class Lock:\n"
        "    def __init__(self, dsn): self.dsn = dsn\n"
        "    def acquire(self, *a): print(self.dsn); raise RuntimeError('tried ' + self.dsn)\n"
        "    def release(self, *a): return False\n"
        "    def close(self): pass\n"
    )
    outcome = sh.run("run", "many_months", "--lock", "leaky:Lock", "--pg", lock_server.url)
    assert outcome.code == 1
    assert "RuntimeError: tried postgresql://" in outcome.out
    assert secret not in outcome.out + outcome.err
    for path in sh.cwd.rglob("*"):
        if path.is_file():
            assert secret not in path.read_text(errors="replace"), path


SIGNALS = {
    signal.SIGINT: (130, "interrupted"),
    signal.SIGTERM: (143, "ended by SIGTERM"),
    signal.SIGHUP: (129, "ended by SIGHUP"),
}


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_an_interrupted_run_saves_and_sums_up_its_results(
    sh: Shell, number: signal.Signals, workers: tuple[str, ...]
) -> None:
    process = sh.start("run", "timeout_returns_false", "interleavings", "--for", "60s", *workers)
    assert process.stdout is not None
    assert any("✓ timeout_returns_false" in line for line in process.stdout)
    process.send_signal(number)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (SIGNALS[number][0], f"lock-harness: {SIGNALS[number][1]}\n")
    assert "reports in reports/" in out
    assert list(sh.cwd.glob("reports/timeout_returns_false/*/run.json"))


@pytest.mark.parametrize(
    "scenario",
    [
        "interleavings",
        "paused_holder",  # processes stopped with SIGSTOP
        "half_open",  # a proxy with connections that drop every packet
        "server_restart",  # a second server
        "clock_step",  # a second fork server
        "through_pgbouncer_session",
    ],
)
def test_a_run_that_is_killed_leaves_no_process_or_file_behind(sh: Shell, scenario: str) -> None:
    if scenario.startswith("through_pgbouncer") and (why := why_unavailable()):
        pytest.skip(why)
    process = sh.start("run", scenario, "--for", "60s")
    assert within(TIMEOUT_S, lambda: list(sh.temporary.glob("*/a*.journal"))), sh.left_behind()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert within(5, lambda: not sh.left_behind()), sh.left_behind()


def test_the_help_shows_the_characters_of_patterns(sh: Shell) -> None:
    assert "'through_*'" in sh.run("run", "--help").out


def test_the_list_describes_scenarios_and_the_help_describes_options(sh: Shell) -> None:
    listed = sh.run("list")
    assert listed.code == 0
    assert re.search(r"^handover +Workers wait for a month", listed.out, re.MULTILINE)
    assert "--lock-command" in sh.run("run", "--help").out
    assert sh.run("--version").out.strip() == sh.run("--version").out.strip() != ""


def test_the_list_and_a_run_report_a_file_that_replaces_a_shipped_scenario(
    sh: Shell, lock_server: Server
) -> None:
    (sh.cwd / "scenarios").mkdir()
    (sh.cwd / "scenarios/handover.py").write_text(
        "from lock_harness.programs import Month, Scenario, acquire, program\n"
        "SCENARIO = Scenario(program(acquire(0, Month(2090, 1), 0)))\n"
    )
    (sh.cwd / "scenarios/broken.py").write_text("x = [\n")
    note = "scenarios/handover.py replaces the shipped scenario handover\n"
    listed = sh.run("list")
    assert listed.out.endswith(
        f"{note}skipped scenarios/broken.py: does not parse: line 1: '[' was never closed\n"
    )
    outcome = sh.run("run", "handover", "--pg", lock_server.url)
    assert outcome.code == 0, outcome.out + outcome.err
    assert outcome.out.startswith(note)
    assert note not in sh.run("run", "timeout_returns_false", "--pg", lock_server.url).out


def test_the_locks_command_shows_holders_and_ends_the_session_of_one(sh: Shell, lock_server: Server) -> None:
    with (
        psycopg.connect(lock_server.dsn, autocommit=True, application_name="worker-7") as holder,
        psycopg.connect(lock_server.dsn, autocommit=True) as twin,
    ):
        holder.execute("SELECT pg_advisory_lock(205003)")
        twin.execute("SELECT pg_advisory_lock(0, 205003)")
        shown = sh.run("locks", "--pg", lock_server.url)
        assert shown.code == 0
        assert re.search(r"2050-03 +205003 +holds +exclusive +\d+ +- +worker-7", shown.out)
        assert re.search(r"- +\(0, 205003\) +holds", shown.out)
        pid = str(holder.info.backend_pid)
        asked = sh.run("locks", "--pg", lock_server.url, "--terminate", pid)
        assert asked.code == 2
        assert "--yes" in asked.error_line
        freed = sh.run("locks", "--pg", lock_server.url, "--terminate", pid, "--yes")
        assert freed.code == 0
        assert f"ended pid {pid} (worker-7" in freed.out
        with pytest.raises(psycopg.OperationalError):
            holder.execute("SELECT 1")
    unknown = sh.run("locks", "--pg", lock_server.url, "--terminate", "1")
    assert unknown.code == 2
    assert "pid 1 has no advisory lock" in unknown.error_line
    assert sh.run("locks", "--pg", lock_server.url).out == "no advisory locks\n"


def test_the_doctor_finds_that_session_locks_work_on_a_direct_connection(
    sh: Shell, lock_server: Server
) -> None:
    outcome = sh.run("doctor", "--pg", lock_server.url)
    assert outcome.code == 0
    assert "each client keeps its own backend" in outcome.out


def test_python_m_lock_harness_runs_the_command(sh: Shell) -> None:
    assert Path(sh.command()[0]).name.startswith("python")
    assert sh.run("--help").code == 0
