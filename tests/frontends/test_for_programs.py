"""The output of commands for other programs, and what else `locks` and `list` show."""

import dataclasses
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from lock_harness.servers.server import Server, private_database
from tests.frontends.command import Shell, within


def test_the_locks_command_shows_who_waits_for_whom_also_in_other_databases(
    sh: Shell, lock_server: Server
) -> None:
    if not lock_server.ours:
        pytest.skip("no database may be created on a server that the user named")
    name = "a-worker-with-a-long-name-" * 2
    with (
        private_database(lock_server, "elsewhere") as private,
        psycopg.connect(private.dsn, autocommit=True, application_name=name) as holder,
        psycopg.connect(private.dsn, autocommit=True) as waiter,
        ThreadPoolExecutor(1) as executor,
    ):
        holder.execute("SELECT pg_advisory_lock_shared(205003)")
        wait = executor.submit(waiter.execute, "SELECT pg_advisory_lock(205003)")
        pid = holder.info.backend_pid

        def rows() -> list[dict[str, Any]]:
            found = sh.run("locks", "--pg", private.url, "--json")
            assert found.code == 0
            decoded: list[dict[str, Any]] = json.loads(found.out)
            return decoded

        assert within(20, lambda: [row["blocked_by"] for row in rows()] == [[], [pid]])
        held, waiting = rows()
        assert (held["application"], held["mode"], held["database"]) == (name, "ShareLock", "elsewhere")
        assert 0 < waiting["waiting_s"] <= waiting["session_s"]
        assert sh.run("locks", "--pg", lock_server.url).out == "no advisory locks\n"
        assert json.loads(sh.run("locks", "--pg", lock_server.url, "--json").out) == []
        shown = sh.run("locks", "--pg", lock_server.url, "--all-databases", COLUMNS="40").out
        assert re.search(rf"\nelsewhere +2050-03 +205003 +holds +share +{pid} +- +{name} ", shown)
        assert re.search(rf"\nelsewhere +2050-03 +205003 +waits +exclusive +\d+ +{pid} ", shown)
        holder.close()
        wait.result()


def test_the_list_tells_a_program_what_would_run_here(sh: Shell) -> None:
    found = sh.run("list", "soak", "network_cut", "planted/row_*", "--json", "--pg", "host=/nowhere dbname=x")
    assert (found.code, found.err) == (0, "")
    assert [(one["name"], one["status"]) for one in json.loads(found.out)] == [
        ("soak", "on request"),
        ("network_cut", "unavailable"),
        ("planted/row_survives_crash", "planted"),
    ]
    assert "the address is a Unix socket" in json.loads(found.out)[1]["reason"]
    shown = sh.run("list", "soak", "network_cut", "--pg", "host=/nowhere dbname=x").out.splitlines()
    assert re.match(r"soak +on request  ?Sixty-four", shown[0])
    assert re.match(r"network_cut +not here +Connections .* \(.*the address is a Unix socket", shown[1])
    assert len(shown) == 2


BROKEN = """
from lock_harness.locks.month_lock import MonthLock


class Generous(MonthLock):
    def acquire(self, year, month, timeout_ms):
        super().acquire(year, month, timeout_ms)
        return True
"""


def test_a_run_in_github_writes_annotations_and_a_summary(sh: Shell) -> None:
    (sh.cwd / "generous.py").write_text(BROKEN)
    summary = sh.cwd / "summary.md"
    there = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_WORKSPACE": str(sh.cwd)}
    arguments = ("run", "concurrent_lock_acquisition", "--lock", "generous:Generous")
    outcome = sh.run(*arguments, **there)
    assert outcome.code == 1, outcome.out + outcome.err
    (line,) = [line for line in outcome.out.splitlines() if line.startswith("::")]
    finding = re.match(r"::error file=generous\.py,line=5,title=lock-harness%3A \w+ \((\w{8})\)::(.+)$", line)
    assert finding is not None, line
    replay = re.search(r"%0Asee it again: (lock-harness replay reports/\S+/run\.json)$", finding[2])
    assert replay is not None, line
    text = summary.read_text()
    assert text.startswith("## lock-harness: 1 finding\n")
    assert f"### Finding {finding[1]}: mutual\\_exclusion" in text
    assert replay[1] in text
    again = sh.run(*arguments, "--json", **there)
    assert json.loads(again.out)["findings"]
    assert "::error file=" in again.err
    assert summary.read_text().count("## lock-harness: 1 finding\n") == 2


def test_a_run_reads_the_table_of_the_project(sh: Shell) -> None:
    (sh.cwd / "pyproject.toml").write_text(
        "[tool.lock-harness]\nscenarios = ['timeout_returns_*']\nreports = 'out'\nseed = 77\njson = true\n"
    )
    (sh.cwd / "below").mkdir()
    outcome = dataclasses.replace(sh, cwd=sh.cwd / "below").run("run")
    assert outcome.code == 0, outcome.out + outcome.err
    found = json.loads(outcome.out)
    assert (found["seed"], [one["name"] for one in found["scenarios"]]) == (77, ["timeout_returns_false"])
    assert list(sh.cwd.glob("out/timeout_returns_false/*/run.json"))
    (sh.cwd / "pyproject.toml").write_text("[tool.lock-harness]\nexampels = 5\n")
    mistake = sh.run("run")
    assert mistake.code == 2
    assert mistake.error_line == (
        "lock-harness: pyproject.toml: [tool.lock-harness] has no key 'exampels': did you mean 'examples'?"
    )


def test_a_run_leaves_scenarios_out(sh: Shell) -> None:
    outcome = sh.run(
        "run", "timeout_returns_false", "release_*", "--skip", "release_*", "--skip", "soak", "--json"
    )
    assert outcome.code == 0, outcome.out + outcome.err
    assert [one["name"] for one in json.loads(outcome.out)["scenarios"]] == ["timeout_returns_false"]
    assert "no scenario matches 'zz*'" in sh.run("run", "--skip", "zz*").error_line
