"""What a lock must offer to be tested here.  Nothing else of it is known to the harness.

A lock is a callable that opens one session on the server that a connection string names, and returns a
`LockClient`.  A class whose `__init__` takes the connection string is such a callable.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec


class AdvisoryLock(msgspec.Struct, frozen=True):
    """Anybody's advisory lock of this database: a session that holds it or, not `granted`, waits for it.

    `lock_key` is the bigint key, or of a pair of integers the same 64 bits, with `pair` true.
    `since` is when the session last changed its state: a held lock can be older than that, never younger;
    a wait began then.
    """

    lock_key: int
    pair: bool
    pid: int
    mode: str
    granted: bool
    application_name: str
    client: str
    since: datetime | None
    state: str


@runtime_checkable
class LockClient(Protocol):
    """One lock session, living in one actor."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        """Whether the lock was had within `timeout_ms`; contention is no error."""
        ...

    def release(self, year: int, month: int) -> bool:
        """Whether this session held the lock, which it does not any more."""
        ...

    def close(self) -> None:
        """End the session.  Whatever it held is free soon afterwards."""
        ...


# The rest is optional: a step is drawn only if the client has the method of its name.


class Holds(Protocol):
    """Runs a body under the lock; yields whether it was acquired; releases whatever the body does."""

    def hold(self, year: int, month: int, timeout_ms: int) -> AbstractContextManager[bool]: ...


class IsLocked(Protocol):
    """Whether any session holds the month now."""

    def is_locked(self, year: int, month: int) -> bool: ...


class ListsLocks(Protocol):
    """All advisory locks of this database, and the key that stands for a month among them."""

    def all_locks(self) -> Sequence[AdvisoryLock]: ...

    def key(self, year: int, month: int) -> int: ...


class Counts(Protocol):
    """Adds one to a number that the month's lock protects, through the lock's own session; the number that was found.

    Who does not offer it has the harness count in a file.
    """

    def count(self, year: int, month: int) -> int: ...


Lock = Callable[[str], LockClient]

REQUIRED = ("acquire", "release", "close")
OPTIONAL_VERBS = {"hold": ("hold",), "is_locked": ("is_locked",), "list": ("all_locks", "key")}


def verbs_of(client: LockClient) -> tuple[str, ...]:
    """The optional verbs that this client offers."""
    return tuple(
        verb
        for verb, methods in OPTIONAL_VERBS.items()
        if all(callable(getattr(client, method, None)) for method in methods)
    )
