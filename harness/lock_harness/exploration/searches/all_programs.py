"""Run all programs of a few steps."""

from itertools import islice

from lock_harness.core.run import Coverage, ScopeCoverage
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.retries import run_confirmed
from lock_harness.exploration.searches.example_log import ExampleLog
from lock_harness.exploration.searches.search import SearchResult
from lock_harness.programs.all_programs import count, programs, scope_of, sizes_before
from lock_harness.programs.draws import confusable_months
from lock_harness.programs.workload import AllPrograms


class AllProgramsSearch:
    """Runs one program after the other, in order of size, until one fails or none is left."""

    def __init__(
        self,
        workload: AllPrograms,
        executor: Executor,
        log: ExampleLog,
        *,
        first: int = 0,
        most: int | None = None,
    ) -> None:
        """Prepare to run.

        Args:
            first: The number of the first program, in order of size.
            most: The most programs to run; None for all.
        """
        arena = executor.arena
        scope = scope_of(workload.kinds, arena.verbs, actors=workload.actors, months=workload.months)
        self._totals = tuple(count(scope, size) for size in range(1, workload.steps + 1))
        months = confusable_months(arena.years.first)[: workload.months]
        self._programs = islice(programs(scope, workload.steps, months, first), most)
        self._first = first
        self._runs = 0
        self._executor = executor
        self._log = log

    def run(self) -> None:
        for program in self._programs:
            if self._log.time_is_up or self._executor.leaked_locks:
                return
            self._log.add(run_confirmed(self._executor, program))
            self._runs += 1
            if self._log.violation:
                return

    def result(self) -> SearchResult:
        runs = sizes_before(self._totals, self._first, self._runs)
        return self._log.result(Coverage(scope=ScopeCoverage(runs, self._totals)))
