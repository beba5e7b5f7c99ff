"""Run one program in every order of its messages."""

import msgspec

from lock_harness.core.run import Coverage
from lock_harness.exploration.executor import Executor, with_first_year
from lock_harness.exploration.retries import run_confirmed
from lock_harness.exploration.searches.example_log import ExampleLog, faults_not_injected
from lock_harness.exploration.searches.search import SearchResult
from lock_harness.gate.schedulers.exhaustive import ScheduleEnumerator
from lock_harness.programs.workload import EveryOrder

MAX_ORDERS = 10_000
# runs of one schedule until the moves follow it
MAX_ATTEMPTS = 5


class EveryOrderSearch:
    """Runs one order after the other, until one fails, none is left, or a schedule cannot be followed."""

    def __init__(
        self, workload: EveryOrder, executor: Executor, log: ExampleLog, max_runs: int = MAX_ORDERS
    ) -> None:
        self._executor = executor
        self._log = log
        self._max_runs = max_runs
        self._program = with_first_year(workload.program, executor.arena.years.first)
        self._orders = ScheduleEnumerator(workload.switches, workload.reduces)
        self._injected_steps: set[int] = set()
        self._divergence: str | None = None

    def run(self) -> None:
        while self._divergence is None and not self._is_over():
            self._divergence = self._run_next_order()

    def _is_over(self) -> bool:
        return bool(
            self._orders.next is None
            or self._log.violation
            or self._log.time_is_up
            or self._orders.coverage.runs >= self._max_runs
        )

    def _run_next_order(self) -> str | None:
        """Run the next order; return where it diverged from its schedule if it did so in each attempt."""
        assert self._orders.next
        choices, scheduler = self._orders.next
        program = msgspec.structs.replace(self._program, choices=choices, scheduler=scheduler)
        for _ in range(MAX_ATTEMPTS):
            example = run_confirmed(self._executor, program)
            self._log.add(example)
            self._injected_steps |= example.injected_steps
            divergence = self._orders.record(example.history.moves)
            if divergence is None:
                break
        return divergence

    def result(self) -> SearchResult:
        orders = self._orders.coverage
        all_run = orders.complete and not self._log.violation
        coverage = Coverage(
            orders=orders,
            faults_not_injected=faults_not_injected(self._program, self._injected_steps) if all_run else (),
            divergence=self._divergence,
            cut_short=not orders.complete and self._log.time_is_up,
        )
        return self._log.result(coverage)
