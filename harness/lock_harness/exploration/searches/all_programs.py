"""Run all programs of a few steps."""

from functools import reduce
from itertools import islice
from operator import add

from lock_harness.core.program import Program
from lock_harness.core.run import Coverage, OrderCoverage, ScopeCoverage
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.retries import run_confirmed
from lock_harness.exploration.searches.every_order import EveryOrderSearch
from lock_harness.exploration.searches.example_log import ExampleLog
from lock_harness.exploration.searches.search import SearchResult
from lock_harness.programs.all_programs import count, programs, sizes_before
from lock_harness.programs.draws import confusable_months
from lock_harness.programs.scopes.choice import scope_of
from lock_harness.programs.workload import AllPrograms, EveryOrder

# orders of one program at the gate
MAX_ORDERS = 1000


class AllProgramsSearch:
    """Runs one program after the other, in order of size, until one fails or none is left.

    At the gate each program is run in every order of its messages.
    """

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
            workload: The kinds of steps, and how many.
            executor: Runs the programs.
            log: Gets the examples.
            first: The number of the first program, in order of size.
            most: The most programs to run; None for all.
        """
        arena = executor.arena
        scope = scope_of(
            workload.kinds,
            arena.verbs,
            actors=workload.actors,
            months=workload.months,
            mode=workload.mode,
        )
        self._totals = tuple(count(scope, size) for size in range(1, workload.steps + 1))
        months = confusable_months(arena.years.first)[: workload.months]
        self._programs = islice(programs(scope, workload.steps, months, first), most)
        self._first = first
        self._runs = 0
        self._orders: list[OrderCoverage] = []
        self._divergence: str | None = None
        self._executor = executor
        self._log = log

    def run(self) -> None:
        for program in self._programs:
            if self._log.time_is_up or self._executor.leaked_locks:
                return
            if program.mode == "gate":
                self._run_every_order(program)
            else:
                self._log.add(run_confirmed(self._executor, program))
                self._runs += 1
            if self._log.violation:
                return

    def _run_every_order(self, program: Program) -> None:
        search = EveryOrderSearch(EveryOrder(program), self._executor, self._log, max_runs=MAX_ORDERS)
        search.run()
        coverage = search.result().coverage
        assert coverage.orders
        self._orders.append(coverage.orders)
        self._divergence = self._divergence or coverage.divergence
        # a program of which the time was over before all orders were run does not count
        self._runs += not coverage.cut_short

    def result(self) -> SearchResult:
        runs = sizes_before(self._totals, self._first, self._runs)
        coverage = Coverage(
            scope=ScopeCoverage(runs, self._totals),
            orders=reduce(add, self._orders) if self._orders else None,
            divergence=self._divergence,
        )
        return self._log.result(coverage)
