"""Shared by the adapters of libraries that offer a `with` block only."""

from collections import defaultdict
from contextlib import AbstractContextManager


class WithBlocks:
    """Acquires a month by entering the block of `hold`, and releases it by leaving the block."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[int, int], list[AbstractContextManager[bool]]] = defaultdict(list)

    def hold(self, year: int, month: int, timeout_ms: int) -> AbstractContextManager[bool]:
        raise NotImplementedError

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        block = self.hold(year, month, timeout_ms)
        acquired = block.__enter__()
        if acquired:
            self._blocks[year, month].append(block)
        else:
            block.__exit__(None, None, None)
        return acquired

    def release(self, year: int, month: int) -> bool:
        if not self._blocks[year, month]:
            return False
        self._blocks[year, month].pop().__exit__(None, None, None)
        return True
