"""Durations from any number of examples, in bounded memory."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate

from lock_harness.core.run import Spread


class Distribution:
    """Counts of durations, rounded to three significant digits.  The maximum is exact."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()
        self._max_ms = 0.0

    def add(self, durations_ns: Iterable[int]) -> None:
        for duration_ns in durations_ns:
            self._counts[float(f"{duration_ns / 1e6:.3g}")] += 1
            self._max_ms = max(self._max_ms, duration_ns / 1e6)

    def spread(self) -> Spread | None:
        """Return median, 99th percentile (nearest rank) and maximum; None if there are no durations."""
        ordered = sorted(self._counts)
        ranks = list(accumulate(self._counts[value] for value in ordered))
        if not ranks:
            return None

        def ranked(rank: int) -> float:
            return min(ordered[bisect_left(ranks, rank)], self._max_ms)

        count = ranks[-1]
        median = (ranked((count + 1) // 2) + ranked(count // 2 + 1)) / 2
        return Spread(
            count=count,
            median_ms=round(median, 3),
            p99_ms=round(ranked(math.ceil(0.99 * count)), 3),
            max_ms=round(self._max_ms, 3),
        )

    def buckets(self, bounds_ms: tuple[int, ...]) -> tuple[int, ...]:
        """Return how many durations lie between each bound and the one before, and last those above all bounds."""
        buckets = [0] * (len(bounds_ms) + 1)
        for value, count in self._counts.items():
            buckets[bisect_left(bounds_ms, value)] += count
        return tuple(buckets) if any(buckets) else ()
