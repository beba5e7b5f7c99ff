"""The pytest plugin, in a test session of its own."""

import re
from pathlib import Path

import pytest

from lock_harness.frontends.known_scenarios import find_known_scenarios
from lock_harness.frontends.reports import load
from lock_harness.programs.loading import pick_scenarios
from tests.frontends.command import Shell

MINE = """
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario


class Generous(MonthLock):
    def acquire(self, year, month, timeout_ms):
        super().acquire(year, month, timeout_ms)
        return True


def test_holds(check_lock):
    run = check_lock("handover", MonthLock, examples=5)
    assert run.figures.examples == 5


def test_does_not_hold(check_lock):
    check_lock(Scenario(Draw({"acquire": 1}, actors=(2, 2), months=(1, 1))), Generous, examples=50)
"""


@pytest.fixture
def mine(sh: Shell) -> Shell:
    (sh.cwd / "test_mine.py").write_text(MINE)
    return sh


def test_a_test_can_run_a_scenario_on_a_lock_of_its_own(mine: Shell) -> None:
    outcome = mine.pytest("test_mine.py")
    assert outcome.code == 1
    assert "1 failed, 1 passed" in outcome.out
    assert "mutual_exclusion" in outcome.out
    assert "See it again: lock-harness replay reports/" in outcome.out


def test_a_test_that_needs_a_server_is_skipped_with_the_reason(mine: Shell) -> None:
    outcome = mine.pytest("test_mine.py", "--lock-pg", "none", "-rs")
    assert outcome.code == 0
    assert "2 skipped" in outcome.out
    assert "--lock-pg none: no server to test on; leave it out to have one started" in outcome.out


def test_named_scenarios_are_run_as_test_items(sh: Shell) -> None:
    outcome = sh.pytest(
        "--lock-scenario", "timeout_returns_false", "--lock-scenario", "planted/shared_mode", "-v"
    )
    assert outcome.code == 0, outcome.out
    assert "::planted/shared_mode PASSED" in outcome.out
    assert "2 passed" in outcome.out


def test_all_together_with_a_name_stands_for_both(sh: Shell) -> None:
    wanted = [one.name for one in pick_scenarios(find_known_scenarios(), [])]
    named = "--lock-scenario", "planted/shared_mode", "--lock-scenario", wanted[0]
    outcome = sh.pytest("--lock-scenario", "all", *named, "--collect-only", "-q")
    assert outcome.code == 0, outcome.out
    collected = [line.rpartition("::")[2] for line in outcome.out.splitlines() if "::" in line]
    assert sorted(collected) == sorted([*wanted, "planted/shared_mode"])


def test_the_header_shows_the_server_the_lock_and_the_seed(sh: Shell) -> None:
    wanted = "--lock-scenario", "crashes", "--collect-only"
    default = sh.pytest(*wanted)
    assert re.search(r"^lock-harness: server embedded, lock reference, seed \d+$", default.out, re.MULTILINE)
    sh.variables.update(PGHOST="db.example", PGDATABASE="app", PGPASSWORD="s3cret")
    named = sh.pytest(
        *wanted, "--lock-seed", "7", "--lock-under-test", "lock_harness.locks.month_lock:MonthLock"
    )
    assert (
        "lock-harness: server db.example:5432/app, address from PGHOST and PGDATABASE, "
        "lock lock_harness.locks.month_lock:MonthLock, seed 7\n"
    ) in named.out
    option = sh.pytest(*wanted, "--lock-pg", "postgresql://u:s3cret@h:1/d", "--lock-seed", "7")
    assert "lock-harness: server h:1/d, lock reference, seed 7\n" in option.out
    assert "s3cret" not in named.out + option.out


def test_the_header_is_shown_for_tests_that_run_scenarios_and_for_no_others(mine: Shell) -> None:
    assert (
        "\nlock-harness: server embedded, seed 7\n" in mine.pytest("--collect-only", "--lock-seed", "7").out
    )
    (mine.cwd / "test_plain.py").write_text("def test_nothing(): pass\n")
    assert "lock-harness: server" not in mine.pytest("--collect-only", "test_plain.py").out
    assert "lock-harness: server" not in mine.pytest("--collect-only", "-q").out


def test_the_marker_selects_all_that_runs_scenarios(mine: Shell) -> None:
    (mine.cwd / "test_plain.py").write_text("def test_nothing(): pass\n")
    (mine.cwd / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    arguments = "--lock-scenario", "crashes", "--collect-only", "-q", "-m"

    def collected(expression: str) -> list[str]:
        lines = mine.pytest(*arguments, expression).out.splitlines()
        return [line.rpartition("::")[2] for line in lines if "::" in line]

    assert collected("lock_harness") == ["test_holds", "test_does_not_hold", "crashes"]
    assert collected("not lock_harness") == ["test_nothing"]
    assert "@pytest.mark.lock_harness: runs a scenario of lock-harness" in mine.pytest("--markers").out


def test_a_pattern_adds_scenarios_and_another_leaves_some_out(sh: Shell) -> None:
    wanted = "--lock-scenario", "through_*", "--lock-scenario", "planted/row_*"
    outcome = sh.pytest(*wanted, "--lock-skip", "through_pgbouncer_t*", "--collect-only", "-q")
    assert outcome.code == 0, outcome.out
    collected = [line.rpartition("::")[2] for line in outcome.out.splitlines() if "::" in line]
    assert collected == [
        "through_pgbouncer_session",
        "through_pgbouncer_unreset",
        "planted/row_survives_crash",
    ]


def test_the_options_are_read_from_the_table_of_the_project(mine: Shell) -> None:
    (mine.cwd / "pyproject.toml").write_text(
        "[tool.lock-harness]\nexamples = 4\nreports = 'out'\nseed = 77\nyears = '2091-2094'\n"
    )
    wanted = "--lock-scenario", "many_months", "--lock-scenario", "handover", "--lock-examples", "3"
    outcome = mine.pytest("-k", "many_months or handover", *wanted)
    assert outcome.code == 0, outcome.out
    saved = load(next(mine.cwd.glob("out/many_months/*-77/run.json")))
    assert saved.figures.examples == 3
    assert {month.year for month in saved.program.months} <= {2091, 2092, 2093, 2094}
    (mine.cwd / "pyproject.toml").write_text("[tool.lock-harness]\nexamples = 'four'\n")
    outcome = mine.pytest("--collect-only")
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "[tool.lock-harness] examples = 'four' must be a whole number" in outcome.err


def test_a_mistake_in_the_lock_of_the_options_is_reported_although_the_test_has_its_own(mine: Shell) -> None:
    outcome = mine.pytest("test_mine.py", "-k", "test_holds", "--lock-under-test", "nothing:Lock")
    assert outcome.code == 1
    assert "the lock 'nothing:Lock' does not import" in outcome.out


def test_all_scenarios_can_be_run_on_two_xdist_workers(sh: Shell) -> None:
    outcome = sh.pytest("--lock-scenario", "all", "--lock-examples", "2", "-n", "2")
    not_holding = re.findall(r"^FAILED (.+) - .*: unknown ", outcome.out, re.MULTILINE)
    assert outcome.out.count("\nFAILED ") == len(not_holding), outcome.out
    wanted = pick_scenarios(find_known_scenarios(), [])
    ended = re.findall(r"(\d+) (passed|skipped|failed)", outcome.out)
    assert sum(int(count) for count, _ in ended) == len(wanted), outcome.out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--lock-scenario", "crashs"), "did you mean 'crashes'?"),
        (("--lock-scenario", "crashes", "--lock-under-test", "nothing:Lock"), "does not import"),
        (("--lock-scenario", "crashes", "--lock-years", "abc"), "abc"),
    ],
)
def test_a_mistake_in_an_option_is_reported_in_one_line(
    sh: Shell, arguments: tuple[str, ...], why: str
) -> None:
    outcome = sh.pytest(*arguments)
    assert outcome.code not in (0, 1)
    assert why in outcome.out + outcome.err
    assert "Traceback" not in outcome.out + outcome.err


def test_the_plugin_does_nothing_in_a_session_without_scenarios(sh: Shell) -> None:
    (sh.cwd / "test_plain.py").write_text("def test_nothing(): pass\n")
    outcome = sh.pytest("test_plain.py")
    assert outcome.code == 0
    assert "lock" not in outcome.out.replace("lock-harness", "")
    assert sorted(path.name for path in Path(sh.cwd).iterdir() if not path.name.startswith((".", "__"))) == [
        "test_plain.py"
    ]


def test_every_option_of_the_plugin_begins_with_lock(sh: Shell) -> None:
    text = sh.pytest("--help").out
    section = re.search(
        r"^tests of a lock on PostgreSQL \(lock-harness\):\n(.+?)\n\n", text, re.MULTILINE | re.DOTALL
    )
    assert section is not None
    options = re.findall(r"^  (-\S+)", section[1], re.MULTILINE)
    assert len(options) == 12
    assert [option for option in options if not option.startswith("--lock-")] == []


@pytest.mark.parametrize("option", ["--lock=a", "--lock-s=a", "--scenario=a", "--pg=a"])
def test_the_plugin_accepts_no_other_or_abbreviated_option(sh: Shell, option: str) -> None:
    outcome = sh.pytest(option)
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert f"unrecognized arguments: {option}" in outcome.err
