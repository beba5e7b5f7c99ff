"""A virtual clock: simulated processes wait on it without real time passing."""

from collections.abc import Generator
from heapq import heappop, heappush
from itertools import count
from random import Random

# a simulated process yields how many nanoseconds it waits
Process = Generator[int, None, None]

US = 1000
MS = 1_000_000


class VirtualClock:
    """The current time, and the processes in the order in which they continue."""

    def __init__(self, random: Random) -> None:
        self.now_ns = 0
        self._random = random
        self._waiting: list[tuple[int, int, Process]] = []
        self._order = count()

    def start(self, process: Process) -> None:
        """Run `process` from now on."""
        heappush(self._waiting, (self.now_ns, next(self._order), process))

    def run(self) -> None:
        """Advance the time until all processes have ended."""
        while self._waiting:
            self.now_ns, _, process = heappop(self._waiting)
            if (wait_ns := next(process, None)) is not None:
                heappush(self._waiting, (self.now_ns + wait_ns, next(self._order), process))

    def draw_ns(self, mean_ns: int) -> int:
        """Draw a random duration of at least one nanosecond, so that no process does two things at one moment."""
        return 1 + int(self._random.expovariate(1 / mean_ns))
