"""The answers of a lock with a contract, as an actor records them."""

from pathlib import Path
from typing import Any

import pytest

from lock_harness.actors.journal import Journal, JournalReader
from lock_harness.actors.operations import OperationRunner
from lock_harness.actors.session import PythonSession, error_names
from lock_harness.core.contract import Contract
from lock_harness.core.history import Event
from lock_harness.core.program import Month, Operation, Verb
from lock_harness.locks.line_protocol import LockCommandFailed

JAN = Month(2090, 1)


class Busy(TimeoutError):
    """The exception of a lock that raises on timeout."""


class Client:
    """A lock client that gives these answers, one for each call."""

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)

    def _answer(self, *_: int) -> Any:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    acquire = release = _answer

    def close(self) -> None: ...


def ends(contract: Contract, path: Path, verbs: list[Verb], *answers: Any) -> list[Event]:
    """Return the last event of each operation."""
    journal = Journal(path / "journal")
    session = PythonSession(Client(*answers), contract)
    runner = OperationRunner(path, journal, lambda _: session, "")
    runner.begin(0, 0, (JAN,))
    steps = [(number, Operation(0, verb, JAN)) for number, verb in enumerate(verbs)]
    for step in steps:
        runner.perform(iter([step]))
    return [event for event in JournalReader(path / "journal").read() if event.kind != "invoke"]


def outcomes(events: list[Event]) -> list[tuple[str, bool | None, str | None]]:
    return [(event.kind, event.answer, event.error) for event in events]


@pytest.mark.parametrize("declared", ["TimeoutError", "Busy", "OSError"])
def test_a_declared_exception_on_timeout_is_the_answer_false(tmp_path: Path, declared: str) -> None:
    events = ends(Contract(on_timeout=declared), tmp_path, ["acquire"], Busy("no"))
    assert outcomes(events) == [("ok", False, "Busy: no")]


def test_another_exception_is_an_error(tmp_path: Path) -> None:
    events = ends(Contract(on_timeout="LockNotAvailable"), tmp_path, ["acquire"], Busy("no"))
    assert outcomes(events) == [("info", None, "Busy: no")]


def test_steps_after_a_declared_exception_are_taken(tmp_path: Path) -> None:
    events = ends(Contract(on_timeout="Busy"), tmp_path, ["acquire", "acquire"], Busy("no"), True)
    assert outcomes(events) == [("ok", False, "Busy: no"), ("ok", True, None)]


def test_a_second_acquire_may_raise_if_the_contract_says_so(tmp_path: Path) -> None:
    events = ends(
        Contract(reentrant="raises"), tmp_path, ["acquire", "acquire"], True, RuntimeError("it is mine")
    )
    assert outcomes(events) == [("ok", True, None), ("ok", False, "RuntimeError: it is mine")]


def test_a_first_acquire_may_not_raise(tmp_path: Path) -> None:
    events = ends(Contract(reentrant="raises"), tmp_path, ["acquire"], RuntimeError("no"))
    assert outcomes(events) == [("info", None, "RuntimeError: no")]


def test_a_release_may_raise_only_if_the_month_is_not_held(tmp_path: Path) -> None:
    contract = Contract(release="raises")
    events = ends(contract, tmp_path, ["release", "acquire", "release"], KeyError("1"), True, KeyError("2"))
    assert outcomes(events)[0] == ("ok", False, "KeyError: '1'")
    assert outcomes(events)[2] == ("info", None, "KeyError: '2'")


@pytest.mark.parametrize("answer", [None, True, False, "something"])
def test_the_answer_of_a_silent_release_is_not_recorded(tmp_path: Path, answer: object) -> None:
    assert outcomes(ends(Contract(release="silent"), tmp_path, ["release"], answer)) == [("ok", None, None)]


def test_a_release_without_an_answer_is_an_error_that_names_the_declaration(tmp_path: Path) -> None:
    ((_, _, error),) = outcomes(ends(Contract(), tmp_path, ["release"], None))
    assert "declare release='silent'" in str(error)


def test_the_names_of_an_exception_are_those_of_its_classes_with_and_without_modules() -> None:
    names = error_names(Busy())
    assert {"Busy", f"{__name__}.Busy", "TimeoutError", "builtins.TimeoutError", "OSError"} <= names


def test_the_name_of_an_error_of_a_lock_command_is_its_first_word() -> None:
    assert error_names(LockCommandFailed("TimeoutError: month 1 is taken")) == {"TimeoutError"}
