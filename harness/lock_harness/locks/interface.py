"""The interface that a lock must implement to be tested.  The harness uses nothing else of the lock.

A lock is a callable that opens one session on the server that a connection string names, and returns a
`LockClient`.  A class whose `__init__` takes the connection string is such a callable.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec


class AdvisoryLock(msgspec.Struct, frozen=True):
    """An advisory lock of any session of this database.

    Attributes:
        lock_key: The bigint key, or the same 64 bits of a pair of integers.
        pair: The key is a pair of integers.
        granted: The session holds the lock; otherwise it waits for it.
        since: When the session last changed its state.  A wait began then; a held lock may be older.
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


class LockEntry(msgspec.Struct, frozen=True):
    """An advisory lock of any database, with what `lock-harness locks` shows about it.

    Attributes:
        blocked_by: The pids of the sessions for which a waiting session waits: holders, and sessions before it in the queue.
        waiting_since: When the wait began; None for a held lock, and before PostgreSQL 14.
        session_began: When the session was opened, before which the lock cannot have been taken.
    """

    lock: AdvisoryLock
    database: str
    blocked_by: tuple[int, ...] = ()
    waiting_since: datetime | None = None
    session_began: datetime | None = None


@runtime_checkable
class LockClient(Protocol):
    """One lock session, in one actor.

    A client with `hold` (see `Holds`) needs no `acquire` and `release`: they enter and leave its context manager.
    """

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        """Return whether the lock was acquired within `timeout_ms`; contention is not an error."""
        ...

    def release(self, year: int, month: int) -> bool:
        """Release the lock once; return whether this session held it."""
        ...

    def close(self) -> None:
        """End the session.  The locks that it held are free soon afterwards."""
        ...


class SetsUp(Protocol):
    """A lock, not a session, that prepares a database before any session opens; it may be called again."""

    def setup(self, dsn: str) -> object: ...


# The following methods are optional: a step is drawn only if the client has its methods.


class Holds(Protocol):
    """Runs a body under the lock: yields whether it was acquired, and releases it in any case."""

    def hold(self, year: int, month: int, timeout_ms: int) -> AbstractContextManager[bool]: ...


class Believes(Protocol):
    """Tells whether this client believes that it holds the month.

    The answer must be true, also after the server has ended the session.
    """

    def believes(self, year: int, month: int) -> bool: ...


class IsLocked(Protocol):
    """Tells whether any session holds the month now."""

    def is_locked(self, year: int, month: int) -> bool: ...


class ListsLocks(Protocol):
    """Lists all advisory locks of this database; `key` returns the key of a month among them."""

    def all_locks(self) -> Sequence[AdvisoryLock]: ...

    def key(self, year: int, month: int) -> int: ...


class Counts(Protocol):
    """Adds one, in the lock's own session, to a counter that the month's lock protects; returns the number before.

    For a lock without this method the harness counts in a file.
    """

    def count(self, year: int, month: int) -> int: ...


class Executes(Protocol):
    """Runs a statement of the user in the lock's own session, and raises its error.

    Returns the first value of the first row as text; None if there is no row.
    """

    def execute(self, sql: str) -> str | None: ...


Lock = Callable[[str], LockClient]

REQUIRED = ("acquire", "release", "close")


class SharedByThreads(Protocol):
    """A session that several threads may use at once: of these, too, only one holds a month at a time."""

    thread_safe: bool


OPTIONAL_VERBS = {
    "hold": ("hold",),
    "sql_error": ("hold", "execute"),
    "believes": ("believes",),
    "is_locked": ("is_locked",),
    "list": ("all_locks", "key"),
    "inspect": ("execute",),
    "threads": ("thread_safe",),
}


def verbs_of(client: LockClient) -> tuple[str, ...]:
    """Return the optional verbs, and other kinds of steps, that this client offers."""
    return tuple(
        verb
        for verb, members in OPTIONAL_VERBS.items()
        if all(_has(getattr(client, member, None)) for member in members)
    )


def _has(member: object) -> bool:
    """Return whether an optional member is there: a method, or `thread_safe = True`."""
    return callable(member) or member is True
