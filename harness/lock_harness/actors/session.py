"""One lock session as an actor uses it, with a check that each answer has the right type."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lock_harness.core.attempt import Attempt
from lock_harness.core.contract import Contract
from lock_harness.core.errors import UserError
from lock_harness.core.program import Month, Operation
from lock_harness.locks.interface import LockClient, verbs_of
from lock_harness.locks.line_protocol import LockCommandFailed

BODY_TEXT = "the body failed"
SQL_ERROR = ("BEGIN", f"SELECT CAST('{BODY_TEXT}' AS integer)")
"""Statements that leave a transaction aborted.  The error of the last one contains `BODY_TEXT` in every language."""


class BodyError(Exception):
    """The exception that a failing body raises.  It must leave the lock's wrapper unchanged."""


class Session(Protocol):
    """The methods that an actor needs, whether the lock is a Python class or a lock command."""

    @property
    def contract(self) -> Contract: ...
    def verbs(self) -> tuple[str, ...]: ...
    def acquire(self, month: Month, timeout_ms: int) -> bool: ...
    def release(self, month: Month) -> bool | None: ...
    def believes(self, month: Month) -> bool: ...
    def is_locked(self, month: Month) -> bool: ...
    def list_locked(self, months: Sequence[Month]) -> tuple[Month, ...]: ...
    def count(self, month: Month) -> int | None: ...
    def hold(
        self, operation: Operation, on_enter: Callable[[], None], on_leave: Callable[[], None], /
    ) -> tuple[bool, Exception | None]: ...
    def execute(self, sql: str) -> object: ...
    def close(self) -> None: ...


SessionOpener = Callable[[int], Session]
"""Opens the session with the given number; the first session of an actor has number 0."""


def session_name(tag: str, actor: str, number: int) -> str:
    """Return the application_name of a session, by which the server's catalogues identify it."""
    return f"lock-harness/{tag}/{actor}.{number}"


def require_bool(value: object, verb: str) -> bool:
    """Return `value`, which must be True or False; a row or a number that is merely truthy hides a misread result."""
    if not isinstance(value, bool):
        raise TypeError(f"{verb} returned {value!r}, which is not a bool")
    return value


def release_answer(answer: object, contract: Contract) -> bool | None:
    """Return the meaning of what `release` returned without an exception; None if the lock does not answer."""
    match contract.release:
        case "silent":
            return None
        case "raises":
            return True
    if answer is None:
        raise TypeError(
            "release returned None, which is not a bool: declare release='silent' if that is right"
        )
    return require_bool(answer, "release")


def error_names(error: Exception) -> frozenset[str]:
    """Return the names of an exception's class and its base classes, with and without their modules.

    Of the error of a lock command, it is the first word of its text, such as `TimeoutError` in `TimeoutError: ...`.
    """
    if isinstance(error, LockCommandFailed):
        return frozenset({str(error).partition(":")[0].strip()})
    classes = type(error).__mro__
    return frozenset(
        name
        for one in classes
        for name in (one.__name__, one.__qualname__, f"{one.__module__}.{one.__qualname__}")
    )


class PythonSession:
    """A session of a lock that is a Python callable."""

    def __init__(self, client: LockClient, contract: Contract) -> None:
        self._client: Any = client
        self._contract = contract

    @property
    def contract(self) -> Contract:
        return self._contract

    def verbs(self) -> tuple[str, ...]:
        return (*verbs_of(self._client), "spawn")

    def acquire(self, month: Month, timeout_ms: int) -> bool:
        return require_bool(self._client.acquire(month.year, month.month, timeout_ms), "acquire")

    def release(self, month: Month) -> bool | None:
        """Release the month; return None if the contract says that the lock does not answer."""
        return release_answer(self._client.release(month.year, month.month), self._contract)

    def believes(self, month: Month) -> bool:
        return require_bool(self._client.believes(month.year, month.month), "believes")

    def is_locked(self, month: Month) -> bool:
        return require_bool(self._client.is_locked(month.year, month.month), "is_locked")

    def list_locked(self, months: Sequence[Month]) -> tuple[Month, ...]:
        """Return those of `months` that the lock lists as granted."""
        granted = {
            lock.lock_key
            for lock in self._client.all_locks()
            if lock.granted and not getattr(lock, "pair", False)
        }
        return tuple(month for month in months if self._client.key(month.year, month.month) in granted)

    def count(self, month: Month) -> int | None:
        """Return the number that the lock found when it counted; None if the lock does not count."""
        count = getattr(self._client, "count", None)
        return int(count(month.year, month.month)) if callable(count) else None

    def hold(
        self, operation: Operation, on_enter: Callable[[], None], on_leave: Callable[[], None]
    ) -> tuple[bool, Exception | None]:
        """Run a body under the lock, which calls `on_enter` and `on_leave`.

        Returns whether the body ran, and its own exception if that left the lock unchanged.  Any other
        exception is raised.
        """
        month = operation.month
        assert month is not None
        own_error: Exception | None = None
        acquired = False
        with (
            Attempt() as attempt,
            self._client.hold(month.year, month.month, operation.timeout_ms) as answer,
        ):
            acquired = require_bool(answer, "hold")
            if acquired:
                on_enter()
                own_error = self._error_of_body(operation)
                on_leave()
                if own_error:
                    raise own_error
        if acquired and operation.sql_error:
            self._roll_back()
        if attempt.error is not None and attempt.error is not own_error:
            raise attempt.error
        return acquired, attempt.error

    def _error_of_body(self, operation: Operation) -> Exception | None:
        """Return the exception that the body raises, if any."""
        if not operation.raises:
            return None
        if not operation.sql_error:
            return BodyError(BODY_TEXT)
        with Attempt() as attempt:
            for sql in SQL_ERROR:
                self._client.execute(sql)
        if attempt.error is None:
            raise UserError(f"execute raised no exception at {SQL_ERROR[-1]!r}, which is an error in SQL")
        return attempt.error

    def _roll_back(self) -> None:
        """End the transaction that the body began, as its user would; the lock may have ended it already."""
        with Attempt():
            self._client.execute("ROLLBACK")

    def execute(self, sql: str) -> object:
        return self._client.execute(sql)

    def close(self) -> None:
        self._client.close()
