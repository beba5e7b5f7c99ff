"""One drawn number, taken apart into small choices."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")

LARGEST_CHOICE = 2**24 - 1


class Digits:
    """Small numbers are drawn more often: the first choices are the more varied ones."""

    def __init__(self, number: int) -> None:
        self._rest = number

    def below(self, limit: int) -> int:
        self._rest, digit = divmod(self._rest, limit)
        return digit

    def once_in(self, count: int) -> bool:
        """Small numbers are drawn more often, so the rare case is the highest digit."""
        return self.below(count) == count - 1

    def of(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def weighted(self, weights: Mapping[str, int]) -> str:
        """A key of `weights`, as often as its weight says."""
        totals = list(accumulate(weights.values()))
        ticket = self.below(totals[-1])
        return next(key for key, total in zip(weights, totals, strict=True) if ticket < total)
