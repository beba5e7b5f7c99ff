"""A clock of our own: whoever lives on it waits without time passing for us."""

from collections.abc import Generator
from heapq import heappop, heappush
from itertools import count
from random import Random

Life = Generator[int, None, None]  # yields how many nanoseconds it waits


class Agenda:
    """The time, and who goes on when."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now_ns = 0
        self._coming: list[tuple[int, int, Life]] = []
        self._order = count()

    def start(self, life: Life) -> None:
        heappush(self._coming, (self.now_ns, next(self._order), life))

    def run(self) -> None:
        """Until all lives have ended."""
        while self._coming:
            self.now_ns, _, life = heappop(self._coming)
            if (wait_ns := next(life, None)) is not None:
                heappush(self._coming, (self.now_ns + wait_ns, next(self._order), life))

    def some(self, mean_ns: int) -> int:
        """A random time, at least a nanosecond: no process does two things at one moment."""
        return 1 + int(self.random.expovariate(1 / mean_ns))
