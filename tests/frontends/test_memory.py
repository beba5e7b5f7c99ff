"""A run remembers failures, and tries them first."""

import re

from tests.frontends.command import Shell

LOCK = """
from lock_harness.locks.month_lock import MonthLock

class Mine(MonthLock):
    pass
"""
BROKEN = LOCK + "\n    def acquire(self, year, month, timeout_ms):\n        return True\n"


def test_a_failure_is_tried_first_by_the_next_run_until_it_holds_and_after(sh: Shell) -> None:
    lock = sh.cwd / "mine.py"
    lock.write_text(BROKEN)
    arguments = ("run", "timeout_returns_false", "-n", "1", "--lock", "mine:Mine")
    first = sh.run(*arguments)
    assert first.code == 1, first.out + first.err
    (file,) = sh.cwd.glob(".lock-harness/*/*.json")
    name = file.stem
    assert f"finding {name}" in first.out

    again = sh.run(*arguments)
    assert again.code == 1
    line = again.out.splitlines()[1]
    assert re.fullmatch(
        rf"✗ failed on \d{{4}}-\d\d-\d\d, still fails: .*mutual_exclusion.* \({name}, timeout_returns_false\)",
        line,
    )
    assert again.out.count(f"✗ finding {name}") == 1
    assert list(sh.cwd.glob(".lock-harness/*/*.json")) == [file]

    lock.write_text(LOCK)
    fixed = sh.run(*arguments)
    assert fixed.without_violation, fixed.out + fixed.err
    # how many runs fit in two seconds depends on the machine
    assert re.search(
        rf"✓ failed on [\d-]+, holds now, (\d+) of \1 \({name}, timeout_returns_false\)", fixed.out
    )

    lock.write_text(BROKEN)
    broken_again = sh.run("run", "different_months_are_independent", *arguments[2:])
    assert broken_again.code == 1
    assert "still fails" in broken_again.out


def test_a_remembered_failure_that_cannot_be_read_is_skipped_with_a_line(sh: Shell) -> None:
    arguments = ("run", "timeout_returns_false", "-n", "1", "--lock", "mine:Mine", "--memory", "kept")
    (sh.cwd / "mine.py").write_text(BROKEN)
    assert sh.run(*arguments).code == 1
    (file,) = sh.cwd.glob("kept/*/*.json")
    (file.parent / "bad.json").write_text("{")
    outcome = sh.run(*arguments)
    assert outcome.code == 1
    assert "bad.json is not a remembered failure" in outcome.out
    assert not (sh.cwd / ".lock-harness").exists()
