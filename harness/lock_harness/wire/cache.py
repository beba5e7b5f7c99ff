"""What was worked out before.  A lock says few things, but again and again."""

from typing import Generic, TypeVar

SHORT = 2_000  # bytes: what is longer hardly comes again

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps `most` results at a time; when it is full, it begins anew."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: dict[K, V] = {}
        self.get = self._entries.get

    def put(self, key: K, value: V) -> None:
        if len(self._entries) == self._size:
            self._entries.clear()
        self._entries[key] = value

    def clear(self) -> None:
        self._entries.clear()
