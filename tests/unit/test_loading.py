"""Loading the lock that the user named."""

from pathlib import Path

import pytest

from lock_harness.core.errors import UserError
from lock_harness.frontends.lock_option import resolve_lock
from lock_harness.locks.loading import REFERENCE, LockSpec, command_spec, load
from lock_harness.locks.month_lock import MonthLock


def test_the_reference_lock_is_the_default() -> None:
    assert LockSpec().name == REFERENCE
    assert load(REFERENCE) is MonthLock


def test_a_lock_is_loaded_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lock_of_mine.py").write_text("class Lock:\n    def __init__(self, dsn): pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert callable(load("lock_of_mine:Lock"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nothing", "not of the form package.module:attr"),
        ("lock_harness.locks.month_lock:", "not of the form"),
        ("no_such_module:Lock", "ModuleNotFoundError"),
        ("lock_harness.locks.month_lock:MonthLok", "did you mean 'MonthLock'?"),
        ("lock_harness.locks.month_lock:RETRY_MS", "is a int, not a callable"),
        ("..:x", "does not import"),
    ],
)
def test_an_invalid_lock_name_is_reported_in_one_line(name: str, why: str) -> None:
    with pytest.raises(UserError, match="lock") as caught:
        load(name)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_lock_module_with_a_syntax_error_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_lock_module.py").write_text("1 +\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="does not import: SyntaxError"):
        load("broken_lock_module:Lock")


def test_a_lock_command_is_split_like_a_shell_command() -> None:
    assert command_spec("sh -c 'echo hi'").command == ("sh", "-c", "echo hi")
    assert str(command_spec("sh -c 'echo hi'")) == "sh -c 'echo hi'"


@pytest.mark.parametrize(
    ("line", "why"), [("", "is empty"), ("no-such-program x", "is not found"), ("sh 'a", "cannot be split")]
)
def test_an_invalid_lock_command_is_reported(line: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        command_spec(line)


def test_a_lock_name_and_a_lock_command_exclude_each_other() -> None:
    with pytest.raises(UserError, match="exclude each other"):
        resolve_lock("a:b", "sh")
