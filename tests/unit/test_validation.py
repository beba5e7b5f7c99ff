"""Mistakes in the methods of a lock client are found before the first call."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from lock_harness.core.errors import UserError
from lock_harness.locks.interface import OPTIONAL_VERBS, REQUIRED
from lock_harness.locks.month_lock import MonthLock
from lock_harness.locks.validation import ARGUMENTS, require_synchronous, require_usable


class Client:
    """A client that does nothing, in the usual form."""

    def acquire(self, _year: int, _month: int, _timeout_ms: int) -> bool:
        return True

    def release(self, _year: int, _month: int) -> bool:
        return True

    def close(self) -> None:
        pass

    @contextmanager
    def hold(self, _year: int, _month: int, _timeout_ms: int) -> Iterator[bool]:
        yield True


def changed(**methods: Any) -> object:
    client: object = type("Changed", (Client,), methods)()
    return client


async def coroutine(*_: object) -> bool:
    return True


@asynccontextmanager
async def asynchronous_hold(*_: object) -> AsyncIterator[bool]:
    yield True


def with_default(_: object, _year: int, _month: int, _timeout_ms: int = 0, retry: bool = False) -> bool:
    return retry


def with_any(*_: object) -> bool:
    return True


@pytest.mark.parametrize("method", [with_default, with_any, staticmethod(with_any), print])
def test_a_method_that_accepts_the_arguments_is_usable(method: Callable[..., Any]) -> None:
    require_usable(changed(acquire=method))


def test_a_client_that_only_has_hold_is_usable() -> None:
    require_usable(changed(acquire=None, release=None))


def test_the_reference_lock_is_usable() -> None:
    require_usable(object.__new__(MonthLock))


@pytest.mark.parametrize(
    ("methods", "why"),
    [
        (
            {"acquire": None, "hold": None},
            "it has no acquire(): a lock client needs acquire and release, or hold",
        ),
        ({"release": None}, "it has no release()"),
        ({"acquire": None, "close": None}, "it has no close()"),
        ({"acquire": coroutine}, "its acquire() is asynchronous"),
        ({"hold": asynchronous_hold}, "its hold() is asynchronous"),
        ({"is_locked": coroutine}, "its is_locked() is asynchronous"),
        ({"acquire": lambda _, _key: True}, "its acquire() must take (year, month, timeout_ms): too many"),
        ({"release": lambda _, _year, _month, _force: True}, "missing a required argument: '_force'"),
        ({"count": lambda _: 1}, "its count() must take (year, month): too many"),
        ({"close": lambda _, _wait: None}, "its close() must take (): missing"),
    ],
)
def test_a_method_that_cannot_be_called_is_reported(methods: dict[str, Any], why: str) -> None:
    with pytest.raises(UserError) as caught:
        require_usable(changed(**methods))
    assert why in str(caught.value)


def test_an_asynchronous_callable_is_reported() -> None:
    require_synchronous(Client)
    with pytest.raises(UserError, match="the lock is asynchronous"):
        require_synchronous(coroutine)
    opening = coroutine()
    with pytest.raises(UserError, match="the lock is asynchronous"):
        require_usable(opening)
    opening.close()


def test_the_arguments_of_every_method_are_known() -> None:
    members = {member for members in OPTIONAL_VERBS.values() for member in members}
    attributes = {"thread_safe"}
    assert {*REQUIRED, *members} - attributes <= {*ARGUMENTS}
