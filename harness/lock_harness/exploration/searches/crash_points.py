"""Run one program with every fault at every message."""

import msgspec

from lock_harness.core.run import Coverage, CrashPoint
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor, with_first_year
from lock_harness.exploration.retries import run_confirmed
from lock_harness.exploration.searches.example_log import ExampleLog
from lock_harness.exploration.searches.search import SearchResult
from lock_harness.gate.schedulers.exhaustive import ScheduleEnumerator
from lock_harness.programs.crash_points import (
    CrashTrial,
    crash_trials,
    death_trials,
    judged,
    without_verbs,
)
from lock_harness.programs.draw import OPTIONAL_VERBS
from lock_harness.programs.workload import CrashPoints

# runs of one crash point until its fault takes effect
MAX_ATTEMPTS = 5
# orders of the other actors' messages after one crash point
MAX_ORDERS = 100


class CrashPointSearch:
    """Runs the program without faults to learn its messages, then once for each fault at each message.

    It continues after a violation, so that all crash points have a result.
    """

    def __init__(self, workload: CrashPoints, executor: Executor, log: ExampleLog) -> None:
        self._program = workload.program
        self._switches = workload.switches
        self._executor = executor
        self._log = log
        self._points: list[CrashPoint] = []
        self._is_cut_short = False

    def run(self) -> None:
        arena = self._executor.arena
        supported = without_verbs(self._program, OPTIONAL_VERBS - arena.verbs)
        example = run_confirmed(self._executor, with_first_year(supported, arena.years.first))
        self._log.add(example)
        if self._log.violation:
            return
        list_trials, run = (
            (crash_trials, self.run_trial) if self._switches is None else (death_trials, self.run_orders)
        )
        trials = list_trials(example.program, example.history.moves)
        self._points = [trial.point for trial in trials]
        for index, trial in enumerate(trials):
            if self._executor.leaked_locks:
                break
            if self._log.time_is_up:
                self._is_cut_short = True
                break
            self._points[index] = run(trial)

    def run_trial(self, trial: CrashTrial) -> CrashPoint:
        """Run one crash point until its fault takes effect, and return it with the result."""
        for _ in range(MAX_ATTEMPTS):
            example, injected = self._run_once(trial, trial.program.choices)
            if injected:
                break
        self._log.add(example)
        return judged(trial, example.status, example.verdicts, injected=injected)

    def run_orders(self, trial: CrashTrial) -> CrashPoint:
        """Run the orders after one crash point until one does not hold, and return the point with that result."""
        orders = ScheduleEnumerator(self._switches, fixed_moves=trial.moves_before)
        point = trial.point
        while orders.next and orders.coverage.runs < MAX_ORDERS and not self._executor.leaked_locks:
            point = self._run_next_order(trial, orders)
            if point.status != "holds":
                break
        return msgspec.structs.replace(point, orders=orders.coverage.runs)

    def _run_next_order(self, trial: CrashTrial, orders: ScheduleEnumerator) -> CrashPoint:
        """Run the next order until its fault takes effect and its moves follow the order."""
        assert orders.next
        for _ in range(MAX_ATTEMPTS):
            example, injected = self._run_once(trial, orders.next.choices)
            diverged = orders.record(example.history.moves) if injected else None
            if injected and (diverged is None or example.status == "violated"):
                break
        self._log.add(example)
        if diverged and example.status == "holds":
            return msgspec.structs.replace(trial.point, why=diverged)
        return judged(trial, example.status, example.verdicts, injected=injected)

    def _run_once(self, trial: CrashTrial, choices: tuple[int, ...]) -> tuple[Example, bool]:
        """Run one crash point with these choices; return the example, and whether the fault was injected.

        A violation counts even if the fault did not take effect.
        """
        violation = self._log.violation
        known_violations = violation.violated_checks if violation else frozenset()
        program = msgspec.structs.replace(trial.program, choices=choices)
        example = run_confirmed(self._executor, program, known_violations)
        return example, example.status == "violated" or trial.point.number in example.injected_steps

    def result(self) -> SearchResult:
        return self._log.result(Coverage(crash_points=tuple(self._points), cut_short=self._is_cut_short))
