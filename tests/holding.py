"""The `hold` of locks of tests: an acquire before the body and a release after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Acquires(Protocol):
    """A lock whose `release` may return nothing."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool: ...

    def release(self, year: int, month: int) -> bool | None: ...


@contextmanager
def holding(lock: Acquires, year: int, month: int, timeout_ms: int) -> Iterator[bool]:
    """Acquire the month, yield whether that succeeded, and release what was acquired."""
    acquired = lock.acquire(year, month, timeout_ms)
    try:
        yield acquired
    finally:
        if acquired:
            lock.release(year, month)
