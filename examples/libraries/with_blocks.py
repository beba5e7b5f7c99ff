"""Shared by the adapters of libraries that offer a `with` block only."""

from collections import defaultdict
from contextlib import AbstractContextManager
from functools import cached_property


class WithBlocks:
    """Acquires a month by entering the `block` of the library, and releases it by leaving the block."""

    def block(self, year: int, month: int, timeout_ms: int) -> AbstractContextManager[bool]:
        raise NotImplementedError

    @cached_property
    def _entered(self) -> dict[tuple[int, int], list[AbstractContextManager[bool]]]:
        return defaultdict(list)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        block = self.block(year, month, timeout_ms)
        acquired = block.__enter__()
        if acquired:
            self._entered[year, month].append(block)
        else:
            block.__exit__(None, None, None)
        return acquired

    def release(self, year: int, month: int) -> bool:
        if not self._entered[year, month]:
            return False
        self._entered[year, month].pop().__exit__(None, None, None)
        return True

    def hold(self, year: int, month: int, timeout_ms: int) -> AbstractContextManager[bool]:
        return self.block(year, month, timeout_ms)
