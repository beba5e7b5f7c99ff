"""The part that all searches share: count the examples, keep the first of each kind, and report progress."""

from collections.abc import Callable, Collection

from lock_harness.analysis.view import View
from lock_harness.core.contract import Contract
from lock_harness.core.fault import Fault
from lock_harness.core.program import Program
from lock_harness.core.run import Coverage
from lock_harness.core.verdict import Bounds
from lock_harness.exploration.example import Example
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.progress import Phase, Progress, ReportProgress
from lock_harness.exploration.searches.search import SearchResult
from lock_harness.exploration.time_limit import UNLIMITED, TimeLimit
from lock_harness.figures import Tally
from lock_harness.programs.scenario import Scenario


class ExampleLog:
    """The examples that one search has run so far.

    `violation`, `unknown`, `other_violation` and `last` are as in `SearchResult`.  `max_moves` is the highest number of
    moves that one example took at the gate.
    """

    def __init__(
        self,
        scenario: Scenario,
        plan: Plan,
        bounds: Bounds,
        contract: Contract,
        report_progress: ReportProgress,
        limit: TimeLimit = UNLIMITED,
        observe: Callable[[View], None] = lambda _: None,
    ) -> None:
        self._scenario = scenario
        self._seed = plan.seed
        self._bounds = bounds
        self._contract = contract
        self._report_progress = report_progress
        self._limit = limit.sooner(plan.seconds)
        self._observe = observe
        self._tally = Tally()
        self.violation: Example | None = None
        self.unknown: Example | None = None
        self.other_violation: Example | None = None
        self.last: Example | None = None
        self.max_moves = 0

    def add(self, example: Example) -> None:
        """Count an example, and keep it if it is the first of its kind."""
        view = View(example.history, self._bounds, self._contract)
        self._tally.add(view, example.status)
        self._observe(view)
        self.last = example
        self.max_moves = max(self.max_moves, len(example.history.moves))
        if self.violation is None and self._is_expected_violation(example):
            self.violation = example
        elif self._is_unknown(example):
            self.unknown = self.unknown or example
        elif example.status == "violated" and self.violation is None:
            self.other_violation = self.other_violation or example
        self.report_progress("draw")

    def _is_expected_violation(self, example: Example) -> bool:
        expects = self._scenario.expects
        return expects in example.violated_checks if expects else example.status == "violated"

    def _is_unknown(self, example: Example) -> bool:
        """For a planted lock it is enough that the expected check is unknown."""
        expects = self._scenario.expects
        return example.status == "unknown" or bool(expects and example.is_unknown_for(frozenset({expects})))

    @property
    def check_to_shrink(self) -> str:
        """The check by which the violation is shrunk."""
        assert self.violation
        check = self._scenario.expects or self.violation.main_check
        assert check
        return check

    @property
    def time_is_up(self) -> bool:
        """Whether the time is over; False before the first example, so that there is one to report."""
        return self.last is not None and self._limit.is_over

    def report_progress(self, phase: Phase) -> None:
        """Report the counts to the display."""
        counts = self._tally.counts()
        self._report_progress(Progress(self._scenario.name, self._seed, phase, counts))

    def result(self, coverage: Coverage) -> SearchResult:
        """Return the result so far."""
        return SearchResult(
            violation=self.violation,
            unknown=self.unknown,
            other_violation=self.other_violation,
            last=self.last,
            coverage=coverage,
            figures=self._tally.figures(),
        )


def faults_not_injected(program: Program, injected_steps: Collection[int]) -> tuple[Fault, ...]:
    """Return the faults of the program that are not among the steps whose faults took effect."""
    faults = ((number, step) for number, step in enumerate(program.steps) if isinstance(step, Fault))
    return tuple(fault for number, fault in faults if number not in injected_steps)
