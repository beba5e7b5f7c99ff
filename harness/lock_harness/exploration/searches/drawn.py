"""Run programs that Hypothesis draws.

Drawing and running overlap: Hypothesis draws the next programs while the actors run one.  It can, because no draw depends
on a result.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from lock_harness.core.errors import HarnessError
from lock_harness.core.program import Program
from lock_harness.core.run import Coverage
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.retries import run_confirmed
from lock_harness.exploration.searches.example_log import ExampleLog
from lock_harness.exploration.searches.search import SearchResult
from lock_harness.programs.draw import Draw
from lock_harness.programs.draws import programs
from lock_harness.programs.draws.gate import pct_guarantee

# programs that are drawn ahead, and finished examples that wait for their evaluation
MAX_AHEAD = 3
# from this number of steps on only one example at a time is kept
LARGE_STEPS = 5000
# Hypothesis remembers all that it drew; a new start after so many examples bounds its memory
EXAMPLES_OF_CHUNK = 1000


class _Enough(BaseException):
    """Ends a Hypothesis run; it is no `Exception`, which Hypothesis would take for a failure to be shrunk."""


class DrawnSearch:
    """Runs drawn programs, up to `examples` of them, until one fails."""

    def __init__(
        self,
        draw: Draw,
        executor: Executor,
        log: ExampleLog,
        *,
        examples: int,
        first_seed: int,
        skips_first: bool = False,
    ) -> None:
        """Prepare to run.  `skips_first`: leave out the first program that Hypothesis draws, which is the simplest one."""
        self._draw = draw
        self._executor = executor
        self._log = log
        self._examples = examples
        self._first_seed = first_seed
        self._skips = int(skips_first)
        self._ahead: deque[Future[Example]] = deque()

    def run(self) -> None:
        arena = self._executor.arena
        strategy = programs(self._draw, arena.years, arena.verbs, arena.contract)
        with ThreadPoolExecutor(1) as runner:
            try:
                self._draw_all(strategy, runner)
                # when the time is over, only the example that runs already is awaited
                while self._ahead and not (self._log.violation or self._log.time_is_up):
                    self._log.add(self._ahead.popleft().result())
            finally:
                for future in self._ahead:
                    future.cancel()

    def _draw_all(self, strategy: SearchStrategy[Program], runner: ThreadPoolExecutor) -> None:
        """Draw and submit programs, in chunks, until all are drawn or the search is over."""
        drawn = chunk = 0
        while drawn < self._examples:
            drawn_before = drawn

            def submit(program: Program) -> None:
                nonlocal drawn
                if self._skips:
                    self._skips = 0
                    return
                drawn += 1
                self._submit(program, runner)

            try:
                size = min(EXAMPLES_OF_CHUNK, self._examples - drawn) + self._skips
                _draw_with_hypothesis(strategy, size, self._first_seed + chunk, submit)
            except _Enough as enough:
                if isinstance(enough.__cause__, HarnessError):
                    raise enough.__cause__ from None
                return
            chunk += 1
            if drawn == drawn_before:
                return

    def _submit(self, program: Program, runner: ThreadPoolExecutor) -> None:
        """Submit a program to be run; first wait for the oldest one if enough are ahead."""
        if len(self._ahead) >= (MAX_AHEAD if program.total_steps < LARGE_STEPS else 1):
            self._add_oldest()
        if self._log.violation or self._log.time_is_up:
            raise _Enough
        self._ahead.append(runner.submit(run_confirmed, self._executor, program))

    def _add_oldest(self) -> None:
        try:
            self._log.add(self._ahead.popleft().result())
        except HarnessError as error:
            raise _Enough from error

    def result(self) -> SearchResult:
        guarantee = pct_guarantee(self._draw, self._log.max_moves)
        return self._log.result(Coverage(pct_guarantee=guarantee))


def _draw_with_hypothesis(
    strategy: SearchStrategy[Program], examples: int, number: int, test: Callable[[Program], None]
) -> None:
    """Let Hypothesis draw programs, but not shrink them; `lock_harness.programs.shrinking` explains why."""
    run = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(seed(number)(given(program=strategy)(test)))
    run()
