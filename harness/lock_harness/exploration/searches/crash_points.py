"""Run one program with every fault at every message."""

from lock_harness.core.run import Coverage, CrashPoint
from lock_harness.exploration.executor import Executor, with_first_year
from lock_harness.exploration.retries import run_confirmed
from lock_harness.exploration.searches.example_log import ExampleLog
from lock_harness.exploration.searches.search import SearchResult
from lock_harness.programs.crash_points import CrashTrial, crash_trials, judged, without_verbs
from lock_harness.programs.draw import OPTIONAL_VERBS
from lock_harness.programs.workload import CrashPoints

# runs of one crash point until its fault takes effect
MAX_ATTEMPTS = 5


class CrashPointSearch:
    """Runs the program without faults to learn its messages, then once for each fault at each message.

    It goes on after a violation, so that all crash points have a result.
    """

    def __init__(self, workload: CrashPoints, executor: Executor, log: ExampleLog) -> None:
        self._program = workload.program
        self._executor = executor
        self._log = log
        self._points: list[CrashPoint] = []

    def run(self) -> None:
        arena = self._executor.arena
        supported = without_verbs(self._program, OPTIONAL_VERBS - arena.verbs)
        example = run_confirmed(self._executor, with_first_year(supported, arena.years.first))
        self._log.add(example)
        if self._log.violation:
            return
        trials = crash_trials(example.program, example.history.moves)
        self._points = [trial.point for trial in trials]
        for index, trial in enumerate(trials):
            if self._executor.leaked_locks:
                break
            self._points[index] = self.run_trial(trial)

    def run_trial(self, trial: CrashTrial) -> CrashPoint:
        """Run one crash point until its fault takes effect, and return it with the result."""
        violation = self._log.violation
        known_violations = violation.violated_checks if violation else frozenset()
        for _ in range(MAX_ATTEMPTS):
            example = run_confirmed(self._executor, trial.program, known_violations)
            # a violation counts even if the fault did not take effect
            injected = example.status == "violated" or trial.point.number in example.injected_steps
            if injected:
                break
        self._log.add(example)
        return judged(trial, example.status, example.verdicts, injected=injected)

    def result(self) -> SearchResult:
        return self._log.result(Coverage(crash_points=tuple(self._points)))
