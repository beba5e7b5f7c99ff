"""One lock session as an actor uses it, and the answers checked for being answers at all."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lock_harness.core.errors import UserError
from lock_harness.core.program import Month, Operation
from lock_harness.locks.interface import REQUIRED, LockClient, verbs_of

Note = Callable[[], None]


class BodyError(Exception):
    """What a failing body raises.  It must come out of the lock's wrapper unchanged."""


class Session(Protocol):
    """What the actor needs of a session, whether its lock is Python or a command."""

    def verbs(self) -> tuple[str, ...]: ...
    def acquire(self, month: Month, timeout_ms: int) -> bool: ...
    def release(self, month: Month) -> bool: ...
    def is_locked(self, month: Month) -> bool: ...
    def listed(self, months: Sequence[Month]) -> tuple[Month, ...]: ...
    def count(self, month: Month) -> int | None: ...
    def hold(self, operation: Operation, enter: Note, leave: Note, /) -> tuple[bool, BodyError | None]: ...
    def close(self) -> None: ...


def boolean(value: object, verb: str) -> bool:
    """`value`, which must be True or False: a row or a number that is merely truthy hides a misread result."""
    if not isinstance(value, bool):
        raise TypeError(f"{verb} returned {value!r}, which is not a bool")
    return value


class PythonSession:
    """A session of a lock that is a Python callable."""

    def __init__(self, client: LockClient) -> None:
        missing = [name for name in REQUIRED if not callable(getattr(client, name, None))]
        if missing:
            raise UserError(f"it has no {missing[0]}(): a lock client needs {', '.join(REQUIRED)}")
        self._client: Any = client

    def verbs(self) -> tuple[str, ...]:
        return (*verbs_of(self._client), "spawn")

    def acquire(self, month: Month, timeout_ms: int) -> bool:
        return boolean(self._client.acquire(month.year, month.month, timeout_ms), "acquire")

    def release(self, month: Month) -> bool:
        return boolean(self._client.release(month.year, month.month), "release")

    def is_locked(self, month: Month) -> bool:
        return boolean(self._client.is_locked(month.year, month.month), "is_locked")

    def listed(self, months: Sequence[Month]) -> tuple[Month, ...]:
        granted = {
            lock.lock_key
            for lock in self._client.all_locks()
            if lock.granted and not getattr(lock, "pair", False)
        }
        return tuple(month for month in months if self._client.key(month.year, month.month) in granted)

    def count(self, month: Month) -> int | None:
        """The number that the lock found when it counted; None if it does not count."""
        count = getattr(self._client, "count", None)
        return int(count(month.year, month.month)) if callable(count) else None

    def hold(self, operation: Operation, enter: Note, leave: Note) -> tuple[bool, BodyError | None]:
        """Whether the body ran, and the very exception that it raised, if that came out.

        Any other exception comes out of this function.
        """
        month = operation.month
        assert month is not None
        own = BodyError("the body failed") if operation.raises else None
        acquired = False
        try:
            with self._client.hold(month.year, month.month, operation.timeout_ms) as answer:
                acquired = boolean(answer, "hold")
                if acquired:
                    enter()
                    leave()
                    if own:
                        raise own
        except BodyError as error:
            if error is not own:
                raise
            return acquired, own
        return acquired, None

    def close(self) -> None:
        self._client.close()
