"""Accepted findings do not make a run fail."""

from tests.frontends.command import Shell

BROKEN = """
from lock_harness.locks.month_lock import MonthLock

class Mine(MonthLock):
    def acquire(self, year, month, timeout_ms):
        return True
"""
FIXED = "from lock_harness.locks.month_lock import MonthLock as Mine\n"


def test_an_accepted_finding_does_not_fail_the_run_until_it_disappears(sh: Shell) -> None:
    (sh.cwd / "mine.py").write_text(BROKEN)
    arguments = ("run", "timeout_returns_false", "-n", "1", "--lock", "mine:Mine")
    assert sh.run(*arguments).code == 1
    (file,) = sh.cwd.glob(".lock-harness/*/*.json")
    name = file.stem
    (sh.cwd / "known.toml").write_text(f'[[finding]]\nid = "{name}"\nreason = "to be fixed"\n')

    accepted = sh.run(*arguments, "-x", "--known", "known.toml")
    assert accepted.code == 0, accepted.out + accepted.err
    assert f"~ known: finding {name}, " in accepted.out
    assert "(to be fixed)" in accepted.out
    assert "1 violated as known" in accepted.out
    assert 'failures="0"' in (sh.cwd / "reports/junit.xml").read_text()

    (sh.cwd / "mine.py").write_text(FIXED)
    fixed = sh.run(*arguments, "--known", "known.toml")
    assert fixed.without_violation, fixed.out + fixed.err
    assert (
        f"known finding {name} did not occur any more: remove it from known.toml (to be fixed)" in fixed.out
    )


def test_another_finding_than_the_accepted_one_fails_the_run(sh: Shell) -> None:
    (sh.cwd / "mine.py").write_text(BROKEN)
    (sh.cwd / "known.toml").write_text('[[finding]]\nid = "00000000"\nreason = "another one"\n')
    outcome = sh.run(
        "run", "timeout_returns_false", "-n", "1", "--lock", "mine:Mine", "--known", "known.toml"
    )
    assert outcome.code == 1
    assert "known finding 00000000 did not occur in this run" in outcome.out


def test_a_mistake_in_the_file_is_one_line(sh: Shell) -> None:
    (sh.cwd / "known.toml").write_text("[[finding]]\nid = 'x'\n")
    outcome = sh.run("run", "timeout_returns_false", "--known", "known.toml")
    assert outcome.code == 2
    assert "known.toml: finding 1: id = 'x' must be the 8 hex digits" in outcome.error_line
