"""What was worked out before.  A lock says few things, but again and again."""

from typing import Generic, TypeVar

SHORT = 2_000  # bytes: what is longer hardly comes again

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Keeps `most` results at a time; when it is full, it begins anew."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[K, V] = {}
        self.get = self._known.get

    def keep(self, key: K, value: V) -> None:
        if len(self._known) == self._most:
            self._known.clear()
        self._known[key] = value

    def clear(self) -> None:
        self._known.clear()
