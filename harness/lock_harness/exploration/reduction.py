"""Shrink a violation, and count how often the smallest program fails."""

import time
from dataclasses import dataclass

from lock_harness.core.program import Program
from lock_harness.exploration.example import Example
from lock_harness.exploration.progress import ReportPhase
from lock_harness.exploration.recording import ShrinkSite
from lock_harness.exploration.retries import CONFIRMATIONS, run_until_conclusive
from lock_harness.exploration.time_limit import UNLIMITED, TimeLimit
from lock_harness.gate.schedulers.replay import divergence
from lock_harness.programs.shrinking import shrink

# shrinking ends when both are used up: a fast example is run for this time, a slow one at least this often
SHRINK_S, SHRINK_RUNS = 10.0, 60
# the most time, however slow the example is
MAX_SHRINK_S = 60.0
REPEATS = 10
REPEAT_S = 4.0
# replays at the gate until one takes the same moves as the run before it
REPLAYS = 3
# runs of a smaller program until it fails, where the failure is intermittent
INTERMITTENT_RUNS = 5


def is_used_up(seconds: float, runs: int) -> bool:
    """Return whether shrinking has taken enough time and enough runs."""
    return seconds > MAX_SHRINK_S or (seconds > SHRINK_S and runs >= SHRINK_RUNS)


@dataclass(frozen=True)
class Reduction:
    """The result of shrinking.

    `smallest` is the smallest example that failed.  `repeats`: its program failed k of n times.  `divergence`: where a
    replay took other moves, so that nothing was shrunk.  `why_as_race`: why a race was not shrunk at the gate.
    `new_processes`: the program fails only if its actors have never used the lock before.
    """

    smallest: Example
    repeats: tuple[int, int] | None = None
    divergence: str | None = None
    why_as_race: str | None = None
    new_processes: bool = False

    @property
    def shown(self) -> Example:
        """The smallest example.  Its violations are unknown if only a busy machine explains that they never came back."""
        never_again = self.repeats is not None and self.repeats[0] == 0 and self.repeats[1] >= REPEATS
        if never_again and self.smallest.violates_only_time_bounds:
            return self.smallest.confirmed(frozenset(), f"and then in none of {REPEATS} further runs")
        return self.smallest


class Reducer:
    """Shrinks one violation at its `ShrinkSite`."""

    def __init__(
        self, site: ShrinkSite, check: str, report_phase: ReportPhase, limit: TimeLimit = UNLIMITED
    ) -> None:
        """Prepare to shrink.  Each smaller program must violate `check`, so that no other defect takes its place."""
        self._checks = frozenset({check})
        self._executor = site.executor
        self._report_phase = report_phase
        self._limit = limit
        self._why_as_race = site.why_as_race
        self._smallest = site.example
        self._divergence: str | None = None
        self._repeats: tuple[int, int] | None = None
        self._new_processes = False
        self._shrink_began = 0.0
        self._shrink_runs = 0

    def run(self, *, shrinks: bool = True) -> None:
        """Shrink the violation unless it is the smallest one already, then count how often the smallest program fails."""
        if self._smallest.history.moves:
            self._check_replay()
        if self._divergence is None:
            self._shrink_began = time.monotonic()
            self._new_processes = self._needs_new_processes()
            if shrinks:
                self._shrink()
        self._count_repeats()

    def result(self) -> Reduction:
        """Return the result so far; also after `run` was interrupted."""
        return Reduction(
            smallest=self._smallest,
            repeats=self._repeats,
            divergence=self._divergence,
            why_as_race=self._why_as_race,
            new_processes=self._new_processes,
        )

    def _check_replay(self) -> None:
        """Set the divergence if each replay takes other moves: then runs of smaller programs would prove nothing.

        One divergence may be the fault of the machine, in the first run as well as in its replay.
        """
        last = self._smallest
        for _ in range(REPLAYS):
            again = self._executor.run_and_clean_up(last.program)
            self._report_phase("shrink")
            self._divergence = divergence(last.history.moves, again.history.moves)
            if self._divergence is None:
                self._smallest = last
                return
            if self._executor.leaked_locks:
                return
            last = again if again.violated_checks & self._checks else last

    def _shrink(self) -> None:
        """Shrink the program as long as it violates the check as reliably as the first one.

        If the first one fails each time, a smaller one must fail each time.  If the failure is intermittent, one failure in
        a few runs is enough.
        """
        first = self._smallest.program
        is_reliable = self._run_while_it_fails(first) is not None
        run = self._run_while_it_fails if is_reliable else self._run_until_it_fails

        def fails(program: Program) -> bool | None:
            if self._is_shrunk_enough():
                return None
            example = run(program)
            self._smallest = example or self._smallest
            return example is not None

        shrink(first, fails)

    def _needs_new_processes(self) -> bool:
        """Return whether the program fails only with actors that have never used the lock before."""
        program = self._smallest.program
        if not any(age.new_process for age in self._smallest.history.sessions):
            return False
        for _ in range(INTERMITTENT_RUNS):
            self._executor.warm_up(program.actors)
            example = self._run_within_budget(program)
            if example is None or self._checks & example.violated_checks:
                return False
        self._new_processes = True
        return self._run_while_it_fails(program) is not None

    def _is_shrunk_enough(self) -> bool:
        """Return whether no smaller program should be tried: the budget is used up, or months are left locked."""
        seconds = time.monotonic() - self._shrink_began
        return self._executor.leaked_locks or self._limit.is_over or is_used_up(seconds, self._shrink_runs)

    def _run_while_it_fails(self, program: Program) -> Example | None:
        """Run `program` `CONFIRMATIONS` times, and return the last example; None as soon as one run does not fail."""
        example = None
        for _ in range(CONFIRMATIONS):
            example = self._run_within_budget(program)
            if example is None or not self._checks & example.violated_checks:
                return None
        return example

    def _run_until_it_fails(self, program: Program) -> Example | None:
        """Run `program` up to `INTERMITTENT_RUNS` times, and return the first example that fails; None if none fails."""
        for _ in range(INTERMITTENT_RUNS):
            example = self._run_within_budget(program)
            if example is None or self._checks & example.violated_checks:
                return example
        return None

    def _run_within_budget(self, program: Program) -> Example | None:
        """Run `program`; None if no further program should be run."""
        if self._is_shrunk_enough():
            return None
        self._shrink_runs += 1
        example = self._run(program)
        self._report_phase("shrink")
        return example

    def _run(self, program: Program) -> Example:
        if self._new_processes:
            self._executor.renew_actors()
        return run_until_conclusive(self._executor, program, self._checks)

    def _count_repeats(self) -> None:
        program = self._smallest.program
        failed = tried = 0
        limit = self._limit.sooner(REPEAT_S)
        while tried < REPEATS and not self._executor.leaked_locks and not (limit.is_over and tried):
            failed += bool(self._run(program).violated_checks & self._checks)
            tried += 1
            self._repeats = (failed, tried)
            self._report_phase("repeat")
