"""One drawn number, split into several small choices.

Hypothesis draws one integer per step, and a decoder decides its meaning.  So the draw of a step always has the same
shape, although an acquire needs an actor, a month and a timeout, and a list needs only an actor.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")

LARGEST_NUMBER = 2**24 - 1
"""The largest number that is drawn for a step: large enough for all choices that one step needs."""


class Digits:
    """The digits of a number, lowest first.  Each is read in a base of its own: the number of options.

    Hypothesis draws small numbers more often, so digits that are read early vary more than later ones.
    """

    def __init__(self, number: int) -> None:
        self._rest = number

    def below(self, limit: int) -> int:
        """Return the next digit, in base `limit`."""
        self._rest, digit = divmod(self._rest, limit)
        return digit

    def once_in(self, count: int) -> bool:
        """Return True for one of `count` values of the next digit: the highest, which is the rarest."""
        return self.below(count) == count - 1

    def of(self, options: Sequence[T]) -> T:
        """Return one of `options`."""
        return options[self.below(len(options))]

    def weighted(self, weights: Mapping[str, int]) -> str:
        """Return a key of `weights`, as often as its weight says."""
        totals = list(accumulate(weights.values()))
        digit = self.below(totals[-1])
        return next(key for key, total in zip(weights, totals, strict=True) if digit < total)
