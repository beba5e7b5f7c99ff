"""A small cache: a lock sends few different statements, but sends them again and again."""

from typing import Generic, TypeVar

SHORT = 2_000  # bytes: longer messages hardly ever repeat

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps up to `size` entries; when it is full, it discards all of them."""

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
