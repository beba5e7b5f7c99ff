"""What was found, made as small as it gets, and how often the smallest fails."""

import time
from collections.abc import Callable

from lock_harness.core.program import Program
from lock_harness.exploration.executor import AGREE, Example
from lock_harness.exploration.recording import Place
from lock_harness.gate.schedulers.replay import divergence
from lock_harness.programs.shrinking import shrink

SHRINK_S = 15.0
REPEATS = 10
REPEAT_S = 4.0
REPLAYS = 3  # until one goes as the one before it did
TRIES = 5  # how often a smaller program may fail to fail, when the failure comes and goes


class Reducer:
    """Makes a failing example smaller.  `tell` is called after each try with what it was for.

    `smallest`: the smallest that failed.  `diverged`: the same choices led elsewhere, so nothing was shrunk.  `repeats`:
    the smallest failed k of n times.
    """

    def __init__(self, place: Place, expects: str | None, tell: Callable[[str], None]) -> None:
        self._wanted = frozenset({expects}) if expects else place.example.broken
        self._executor = place.executor
        self._tell = tell
        self.place = place
        self.smallest = place.example
        self.diverged: str | None = None
        self.repeats: tuple[int, int] | None = None

    def run(self) -> None:
        """Shrink it, then see how often the smallest fails."""
        self._shrink()
        self._count_repeats()

    def _shrink(self) -> None:
        """A smaller program counts only if it breaks a check that the first one broke, and as reliably.

        What fails every time must go on failing every time; of what comes and goes once in a few tries is
        enough.
        """
        if self.smallest.history.moves and self._diverges():
            return
        found = self.smallest
        deadline = time.monotonic() + SHRINK_S
        reliable = self._fails(found.program, AGREE, deadline, every=True) is not None
        tries = AGREE if reliable else TRIES

        def fails(program: Program) -> bool | None:
            if time.monotonic() > deadline or self._executor.leaked_locks:
                return None
            example = self._fails(program, tries, deadline, every=reliable)
            self.smallest = example or self.smallest
            return example is not None

        shrink(found.program, fails)

    def _diverges(self) -> bool:
        """Whether the same choices lead elsewhere: then what a smaller program did would mean nothing.

        Once may be the machine's fault, be it in the first run or in the next.
        """
        last = self.smallest
        for _ in range(REPLAYS):
            again = self._executor.run_and_clean_up(last.program)
            self._tell("shrink")
            self.diverged = divergence(last.history.moves, again.history.moves)
            if self.diverged is None:
                self.smallest = last
                return False
            if self._executor.leaked_locks:
                break
            last = again if again.broken & self._wanted else last
        return True

    def _fails(self, program: Program, tries: int, deadline: float, every: bool) -> Example | None:
        """An example that breaks a wanted check: the first within `tries`, or with `every` only if all do."""
        example = None
        for _ in range(tries):
            if time.monotonic() > deadline or self._executor.leaked_locks:
                return None
            example = self._executor.run_until_conclusive(program, self._wanted)
            self._tell("shrink")
            broken = bool(self._wanted & example.broken)
            if broken != every:
                return example if broken else None
        return example if every else None

    def _count_repeats(self) -> None:
        broken = self.smallest.broken
        failed = tried = 0
        deadline = time.monotonic() + REPEAT_S
        while (
            tried < REPEATS and not self._executor.leaked_locks and (time.monotonic() < deadline or not tried)
        ):
            failed += bool(self._executor.run_until_conclusive(self.smallest.program, broken).broken & broken)
            tried += 1
            self.repeats = (failed, tried)
            self._tell("repeat")
