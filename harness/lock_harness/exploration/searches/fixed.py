"""Run one fixed program once."""

from lock_harness.core.program import Program
from lock_harness.core.run import Coverage
from lock_harness.exploration.executor import Executor, with_first_year
from lock_harness.exploration.retries import run_confirmed
from lock_harness.exploration.searches.example_log import ExampleLog, faults_not_injected
from lock_harness.exploration.searches.search import SearchResult


class FixedSearch:
    """Runs one program, and notes which of its faults took effect."""

    def __init__(self, program: Program, executor: Executor, log: ExampleLog) -> None:
        self._program = program
        self._executor = executor
        self._log = log

    def run(self) -> None:
        program = with_first_year(self._program, self._executor.arena.years.first)
        self._log.add(run_confirmed(self._executor, program))

    def result(self) -> SearchResult:
        example = self._log.last
        if example is None or self._log.violation:
            return self._log.result(Coverage())
        missing = faults_not_injected(example.program, example.injected_steps)
        return self._log.result(Coverage(faults_not_injected=missing))
