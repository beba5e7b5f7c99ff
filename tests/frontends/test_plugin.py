"""The pytest plugin, in a test session of its own."""

import re
from pathlib import Path

import pytest

from lock_harness.frontends.known_scenarios import find_known_scenarios
from lock_harness.programs.loading import pick_scenarios
from tests.frontends.command import Shell

MINE = """
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs.scenario import Draw, Scenario


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


def test_a_test_of_ones_own(mine: Shell) -> None:
    outcome = mine.pytest("test_mine.py")
    assert outcome.code == 1
    assert "1 failed, 1 passed" in outcome.out
    assert "mutual_exclusion" in outcome.out
    assert "See it again: lock-harness replay reports/" in outcome.out


def test_without_a_server_it_is_skipped_and_says_why(mine: Shell) -> None:
    outcome = mine.pytest("test_mine.py", "--lock-pg", "none", "-rs")
    assert outcome.code == 0
    assert "2 skipped" in outcome.out
    assert "--lock-pg none: no server to test on; leave it out to have one started" in outcome.out


def test_scenarios_as_items(sh: Shell) -> None:
    outcome = sh.pytest(
        "--lock-scenario", "timeout_returns_false", "--lock-scenario", "planted/shared_mode", "-v"
    )
    assert outcome.code == 0, outcome.out
    assert "::planted/shared_mode PASSED" in outcome.out
    assert "2 passed" in outcome.out


def test_all_scenarios_on_two_workers(sh: Shell) -> None:
    outcome = sh.pytest("--lock-scenario", "all", "--lock-examples", "5", "-n", "2")
    doubts = re.findall(r"^FAILED (.+) - .*: unknown ", outcome.out, re.MULTILINE)  # on a crowded machine
    assert outcome.out.count("\nFAILED ") == len(doubts), outcome.out
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
def test_a_mistake_is_one_line(sh: Shell, arguments: tuple[str, ...], why: str) -> None:
    outcome = sh.pytest(*arguments)
    assert outcome.code not in (0, 1)
    assert why in outcome.out + outcome.err
    assert "Traceback" not in outcome.out + outcome.err


def test_it_is_silent_where_nobody_asks(sh: Shell) -> None:
    (sh.cwd / "test_plain.py").write_text("def test_nothing(): pass\n")
    outcome = sh.pytest("test_plain.py")
    assert outcome.code == 0
    assert "lock" not in outcome.out.replace("lock-harness", "")
    assert sorted(path.name for path in Path(sh.cwd).iterdir() if not path.name.startswith((".", "__"))) == [
        "test_plain.py"
    ]
