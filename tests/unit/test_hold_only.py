"""A client with only `hold` gets `acquire` and `release`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lock_harness.actors.hold_only import HoldOnlyClient, with_acquire
from lock_harness.actors.session import PythonSession
from lock_harness.core.contract import Contract
from lock_harness.core.errors import UserError
from lock_harness.core.program import Month
from lock_harness.locks.validation import require_usable

JAN = Month(2090, 1)


class Holds:
    """A lock with counted holds that grants a month, except while it is `taken`."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.log: list[str] = []

    @contextmanager
    def hold(self, year: int, month: int, timeout_ms: int) -> Iterator[Any]:
        assert (year, month) == JAN
        answer = self.answers.pop(0)
        self.log.append(f"enter {timeout_ms}")
        if isinstance(answer, Exception):
            raise answer
        try:
            yield answer
        finally:
            self.log.append("leave")

    def close(self) -> None:
        self.log.append("close")


def opened(*answers: Any, **contract: Any) -> tuple[PythonSession, Holds]:
    client = Holds([*answers])
    return PythonSession(*with_acquire(client, Contract(**contract))), client


def test_acquire_enters_the_context_manager_and_release_leaves_it() -> None:
    session, client = opened(True, True)
    assert session.acquire(JAN, 7)
    assert session.acquire(JAN, 8)
    assert client.log == ["enter 7", "enter 8"]
    assert session.release(JAN)
    assert client.log[2:] == ["leave"]
    assert session.release(JAN)
    assert not session.release(JAN)
    session.close()
    assert client.log[2:] == ["leave", "leave", "close"]


def test_a_refused_acquire_leaves_the_context_manager() -> None:
    session, client = opened(False)
    assert not session.acquire(JAN, 7)
    assert client.log == ["enter 7", "leave"]
    assert not session.release(JAN)


def test_one_release_frees_a_month_that_is_not_counted() -> None:
    session, client = opened(True, True, reentrant="once")
    assert session.acquire(JAN, 0)
    assert session.acquire(JAN, 0)
    assert session.release(JAN)
    assert not session.release(JAN)
    assert client.log[2] == "leave"


def test_release_answers_whatever_the_contract_says_of_a_release_that_the_lock_has_not() -> None:
    session, _ = opened(True, release="silent")
    assert session.contract.release == "bool"
    session.acquire(JAN, 0)
    assert session.release(JAN) is True


@pytest.mark.parametrize(
    ("refusal", "contract"), [(False, {}), (TimeoutError(), {"on_timeout": "TimeoutError"})]
)
def test_a_hold_that_tries_once_is_tried_until_the_timeout(refusal: object, contract: dict[str, Any]) -> None:
    session, client = opened(refusal, refusal, True, hold_timeout=False, **contract)
    assert session.acquire(JAN, 10_000)
    assert sum(line.startswith("enter") for line in client.log) == 3


def test_a_hold_that_tries_once_is_tried_again_at_its_deadline() -> None:
    session, client = opened(*[False] * 1000, hold_timeout=False)
    began = time.monotonic()
    assert not session.acquire(JAN, 30)
    assert time.monotonic() - began >= 0.03
    assert len(client.answers) < 999
    entered = len(client.log)
    assert not session.acquire(JAN, 0)
    assert len(client.log) == entered + 2


def test_another_exception_ends_the_attempts() -> None:
    session, client = opened(KeyError("x"), True, hold_timeout=False, on_timeout="TimeoutError")
    with pytest.raises(KeyError):
        session.acquire(JAN, 10_000)
    assert len(client.log) == 1


def test_an_answer_that_is_not_a_bool_is_reported() -> None:
    session, _ = opened(None)
    with pytest.raises(TypeError, match="acquire returned None"):
        session.acquire(JAN, 0)


def test_a_client_with_acquire_is_used_as_it_is() -> None:
    class Acquires(Holds):
        def acquire(self) -> None: ...

    client = Acquires([])
    assert with_acquire(client, Contract(release="silent")) == (client, Contract(release="silent"))
    assert isinstance(with_acquire(Holds([]), Contract())[0], HoldOnlyClient)


def test_a_client_with_neither_is_reported() -> None:
    with pytest.raises(
        UserError, match=r"it has no acquire.*a lock client needs acquire and release, or hold"
    ):
        require_usable(object())
