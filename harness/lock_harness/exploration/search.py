"""The Hypothesis loop: draw, run, check, until something is wrong.

Drawing and running overlap: while the actors carry out one program, Hypothesis draws the next.  It may,
because nothing is drawn from live results.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from lock_harness.analysis.view import View
from lock_harness.core.errors import HarnessError
from lock_harness.core.fault import Fault
from lock_harness.core.program import Program
from lock_harness.core.run import CrashPoint, Figures, OrderCoverage
from lock_harness.exploration.executor import Example, Executor, moved
from lock_harness.figures import Tally
from lock_harness.gate.schedulers.exhaustive import ExhaustiveSearch
from lock_harness.programs.crash_points import CrashTrial, crash_trials, judged, without_verbs
from lock_harness.programs.draw import OPTIONAL_VERBS, Draw
from lock_harness.programs.draws import programs
from lock_harness.programs.scenario import CrashPoints, EveryOrder, Scenario

AHEAD = 3  # programs drawn before they are needed, and histories that wait to be looked at
LARGE = 5000  # operations of an example of which one history at a time is enough
CHUNK = 1000  # Hypothesis remembers all it drew; forgetting now and then bounds its memory
MOST_ORDERS = 10_000
TRIES = 5  # how often a program may be run until it goes the way that it is to go


@dataclass(frozen=True)
class Plan:
    """How much to draw: until `examples` or `seconds` are used up, whichever is given.

    Neither: as many examples as the scenario says.  A fixed program is run once, whatever the plan; one in every order
    until none is left.
    """

    examples: int | None = None
    seconds: float | None = None
    seed: int = field(default_factory=lambda: secrets.randbelow(2**32))


class Progress(msgspec.Struct, frozen=True, tag=True):
    """What is going on, for a display: `phase` is draw, shrink or repeat.  `seed` tells shares apart; `figures` has the counts."""

    scenario: str
    seed: int
    phase: str
    figures: Figures


ReportProgress = Callable[[Progress], None]


class _Enough(BaseException):
    """Ends a Hypothesis run from inside, past its handling of failures: there is nothing for it to shrink."""


class Searcher:
    """Runs what a scenario asks for, up to the first violation; what came of it is in its attributes.

    `beside`: the first violation that was not the one to be found.  `doubtful`: the first example of which we do not
    know.  `diverged`: where a program did not go the way that it was to go.  `moves`: the most of one example at the
    gate.  `points`: all crash points, with what came of each so far.  `missed`: the faults of a fixed program that never
    struck.
    """

    def __init__(
        self, scenario: Scenario, executor: Executor, plan: Plan, report_progress: ReportProgress
    ) -> None:
        self._scenario = scenario
        self._executor = executor
        self._plan = plan
        self._report_progress = report_progress
        self._until = time.monotonic() + plan.seconds if plan.seconds is not None else None
        self.tally = Tally()
        self.last: Example | None = None
        self.doubtful: Example | None = None
        self.found: Example | None = None
        self.beside: Example | None = None
        self.diverged: str | None = None
        self.orders: OrderCoverage | None = None
        self.points: tuple[CrashPoint, ...] = ()
        self.missed: tuple[Fault, ...] = ()
        self.moves = 0

    def run(self) -> None:
        """Until a violation is found, or there is no more to do."""
        match self._scenario.what:
            case Draw():
                self._draw(self._scenario.what)
            case EveryOrder():
                self._try_all(self._scenario.what)
            case CrashPoints():
                self._strike_everywhere(self._scenario.what)
            case Program():
                example = self._executor.run_confirmed(self._here(self._scenario.what))
                self._take(example)
                self.missed = _not_struck(example.program, example.struck)

    def _here(self, program: Program) -> Program:
        """The same program in months that may be used."""
        return moved(program, self._executor.arena.years.first)

    def _try_all(self, every: EveryOrder) -> None:
        """One order after the other, until one fails or none is left."""
        orders = ExhaustiveSearch(every.switches, every.reduces)
        program = self._here(every.program)
        wanted = self._plan.examples or MOST_ORDERS
        struck: set[int] = set()
        while orders.next and not self.found and not self._time_is_up() and orders.coverage.runs < wanted:
            choices, scheduler = orders.next
            ordered = msgspec.structs.replace(program, choices=choices, scheduler=scheduler)
            for _ in range(TRIES):
                example = self._executor.run_confirmed(ordered)
                self._take(example)
                struck |= example.struck
                if (elsewhere := orders.record(example.history.moves)) is None:
                    break
            else:
                self.diverged = elsewhere
                break
        self.orders = orders.coverage
        if self.orders.complete:
            self.missed = _not_struck(program, struck)

    def _strike_everywhere(self, what: CrashPoints) -> None:
        """One run without faults, to see what is said; then one for each fault, also after one has failed."""
        program = self._here(without_verbs(what.program, OPTIONAL_VERBS - self._executor.arena.verbs))
        example = self._executor.run_confirmed(program)
        self._take(example)
        if self.found:
            return
        coming = crash_trials(example.program, example.history.moves)
        self.points = tuple(one.point for one in coming)
        for place, one in enumerate(coming):
            if self._executor.leaked_locks:
                break
            self.points = (*self.points[:place], self.tried(one), *self.points[place + 1 :])

    def tried(self, trial: CrashTrial) -> CrashPoint:
        """What comes of one crash point, once the fault strikes."""
        # what was shown to fail need not be shown again
        shown = self.found.broken if self.found else frozenset()
        for _ in range(TRIES):
            example = self._executor.run_confirmed(trial.program, shown)
            # a violation without the fault is one
            telling = example.status == "violated" or trial.point.number in example.struck
            if telling:
                break
        self._take(example)
        return judged(trial, example.status, example.verdicts, injected=telling)

    def _draw(self, draw: Draw) -> None:
        arena = self._executor.arena
        strategy = programs(draw, arena.years, arena.verbs)
        with ThreadPoolExecutor(1) as executor:
            ahead: deque[Future[Example]] = deque()

            def submit(program: Program) -> None:
                if len(ahead) >= (AHEAD if program.total_steps < LARGE else 1):
                    self._collect(ahead.popleft())
                if self.found or self._time_is_up():
                    raise _Enough
                ahead.append(executor.submit(self._executor.run_confirmed, program))

            try:
                self._draw_all(strategy, submit)
                while ahead and not self.found:
                    self._take(ahead.popleft().result())
            finally:
                for future in ahead:
                    future.cancel()

    def _draw_all(self, strategy: SearchStrategy[Program], submit: Callable[[Program], None]) -> None:
        wanted = self._plan.examples or (CHUNK * 1000 if self._until else self._scenario.examples)
        drawn, chunk = 0, 0
        while drawn < wanted:
            count = 0

            def test(program: Program) -> None:
                nonlocal count
                count += 1
                submit(program)

            try:
                _hypothesis(strategy, min(CHUNK, wanted - drawn), self._plan.seed + chunk, test)
            except _Enough as enough:
                if isinstance(enough.__cause__, HarnessError):
                    raise enough.__cause__ from None
                return
            drawn, chunk = drawn + count, chunk + 1
            if count == 0:
                return

    def _collect(self, future: Future[Example]) -> None:
        try:
            self._take(future.result())
        except HarnessError as error:
            raise _Enough from error

    def _take(self, example: Example) -> None:
        self.tally.add(View(example.history, self._executor.arena.bounds), example.status)
        self.last = example
        self.moves = max(self.moves, len(example.history.moves))
        if self.found is None and self._is_wanted(example):
            self.found = example
        elif self._is_doubtful(example):
            self.doubtful = self.doubtful or example
        elif example.status == "violated" and self.found is None:
            self.beside = self.beside or example
        self.tell("draw")

    def _is_wanted(self, example: Example) -> bool:
        """Any violation; of a planted lock the one that was planted."""
        expects = self._scenario.expects
        return expects in example.broken if expects else example.status == "violated"

    def _is_doubtful(self, example: Example) -> bool:
        """Whatever we do not know; of a planted lock also of the check alone that it was to violate."""
        expects = self._scenario.expects
        return example.status == "unknown" or bool(expects and example.leaves_open(frozenset({expects})))

    def _time_is_up(self) -> bool:
        """But something must have been run, however slow the machine is, to be told of."""
        return self.last is not None and self._until is not None and time.monotonic() > self._until

    def tell(self, phase: str) -> None:
        """Let the listener know how far it has come."""
        self._report_progress(Progress(self._scenario.name, self._plan.seed, phase, self.tally.counts()))


def _not_struck(program: Program, struck: Collection[int]) -> tuple[Fault, ...]:
    faults = ((number, step) for number, step in enumerate(program.steps) if isinstance(step, Fault))
    return tuple(fault for number, fault in faults if number not in struck)


def _hypothesis(
    strategy: SearchStrategy[Program], examples: int, number: int, test: Callable[[Program], None]
) -> None:
    """Let Hypothesis draw programs, and only that; see `shrinking` for the reason."""
    run = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(seed(number)(given(program=strategy)(test)))
    run()
