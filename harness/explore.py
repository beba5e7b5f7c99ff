"""The Hypothesis loop: draw, run, check, shrink.  The result is a `Run`.

Drawing and running overlap: while the actors carry out one program, Hypothesis draws the next.  It may,
because nothing is drawn from live results.
"""

import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from harness.checks.view import View
from harness.errors import HarnessError
from harness.figures import Tally
from harness.gate.algorithms.exhaustive import Exhaustive
from harness.gate.algorithms.follow import divergence
from harness.locks.interface import OPTIONAL_VERBS
from harness.locks.loading import LockSpec
from harness.model import Figures, Program, Run
from harness.orders import Search
from harness.runner import AGREE, Example, Laboratory, OpenArena, moved
from harness.scenario import Draw, Every, Scenario
from harness.shrinking import shrink
from harness.strategies import programs
from harness.strategies.gate import promise

AHEAD = 3  # programs drawn before they are needed, and histories that wait to be looked at
LARGE = 5000  # operations of an example of which one history at a time is enough
CHUNK = 1000  # Hypothesis remembers all it drew; forgetting now and then bounds its memory
MOST_ORDERS = 10_000
SHRINK_S = 15.0
REPEATS = 10
REPEAT_S = 4.0
TRIES = 5  # how often a smaller program may fail to fail, when the failure comes and goes


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


Listener = Callable[[Progress], None]


class _Enough(BaseException):
    """Ends a Hypothesis run from inside, past its handling of failures: there is nothing for it to shrink."""


def explore(scenario: Scenario, open_arena: OpenArena, plan: Plan, lock: LockSpec, listen: Listener) -> Run:
    """Look for a violation; shrink the first one found; tell how often the smallest one fails.

    `lock` is how the report names the lock.  `NotApplicable` if it lacks what the scenario needs;
    `Interrupted` on Ctrl-C, with what was found so far.
    """
    with contextlib.closing(Laboratory(open_arena)) as laboratory:
        if lacking := scenario.needs() - laboratory.arena.verbs:
            methods = [method for verb in sorted(lacking) for method in OPTIONAL_VERBS[verb]]
            raise NotApplicable(f"the lock has no {', '.join(methods)}")
        return _Exploration(scenario, laboratory, plan, lock, listen).run()


class _Exploration:
    def __init__(
        self, scenario: Scenario, laboratory: Laboratory, plan: Plan, lock: LockSpec, listen: Listener
    ) -> None:
        self._scenario = scenario
        self._laboratory = laboratory
        self._plan = plan
        self._lock = lock
        self._listen = listen
        self._tally = Tally()
        self._last: Example | None = None
        self._doubtful: Example | None = None
        self._found: Example | None = None
        self._smallest: Example | None = None
        self._repeats = (0, 0)
        self._diverged: str | None = None
        self._orders: Search | None = None
        self._moves = 0
        self._until = time.monotonic() + plan.seconds if plan.seconds is not None else None

    def run(self) -> Run:
        try:
            if isinstance(self._scenario.what, Draw):
                self._search(self._scenario.what)
            elif isinstance(self._scenario.what, Every):
                self._try_all(self._scenario.what)
            else:
                self._run_fixed(self._scenario.what)
            if self._found is not None:
                self._shrink(self._found)
                self._count_repeats()
        except KeyboardInterrupt:
            if self._last is None:
                raise
            raise Interrupted(self._report()) from None
        except HarnessError:
            if self._found is None:
                raise  # else what was found counts for more than what came in the way afterwards
        return self._report()

    # Looking for a violation

    def _run_fixed(self, program: Program) -> None:
        here = moved(program, self._laboratory.arena.years.first)
        self._take(self._laboratory.confirmed(here))

    def _try_all(self, every: Every) -> None:
        """One order after the other, until one fails or none is left."""
        orders = Exhaustive(every.switches)
        program = moved(every.program, self._laboratory.arena.years.first)
        wanted = self._plan.examples or MOST_ORDERS
        while orders.next and not self._found and not self._time_is_up() and orders.search.runs < wanted:
            choices, algorithm = orders.next
            ordered = msgspec.structs.replace(program, choices=choices, algorithm=algorithm)
            for _ in range(TRIES):
                example = self._laboratory.confirmed(ordered)
                self._take(example)
                if (elsewhere := orders.ran(example.history.statements)) is None:
                    break
            else:
                self._diverged = elsewhere
                break
        self._orders = orders.search

    def _search(self, draw: Draw) -> None:
        arena = self._laboratory.arena
        strategy = programs(draw, arena.years, arena.verbs)
        with ThreadPoolExecutor(1) as executor:
            ahead: deque[Future[Example]] = deque()

            def submit(program: Program) -> None:
                if len(ahead) >= (AHEAD if program.numbers < LARGE else 1):
                    self._collect(ahead.popleft())
                if self._found or self._time_is_up():
                    raise _Enough
                ahead.append(executor.submit(self._laboratory.confirmed, program))

            try:
                self._draw_all(strategy, submit)
                while ahead and not self._found:
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
        self._tally.add(View(example.history, self._laboratory.arena.bounds), example.status)
        self._last = example
        self._moves = max(self._moves, len(example.history.statements))
        if self._found is None and self._is_wanted(example):
            self._found = example
        elif example.status == "unknown":
            self._doubtful = self._doubtful or example
        self._tell("draw")

    def _is_wanted(self, example: Example) -> bool:
        """Any violation; of a planted lock the one that was planted."""
        expects = self._scenario.expects
        return expects in example.broken if expects else example.status == "violated"

    def _time_is_up(self) -> bool:
        return self._until is not None and time.monotonic() > self._until

    # What was found

    def _shrink(self, found: Example) -> None:
        """A smaller program counts only if it breaks a check that the first one broke, and as reliably.

        What fails every time must go on failing every time; of what comes and goes once in a few tries is
        enough.
        """
        wanted = frozenset({self._scenario.expects}) if self._scenario.expects else found.broken
        self._smallest = found
        if found.history.statements and self._diverges(found):
            return
        deadline = time.monotonic() + SHRINK_S
        reliable = self._fails(found.program, wanted, AGREE, deadline, every=True) is not None
        tries = AGREE if reliable else TRIES

        def fails(program: Program) -> bool | None:
            if time.monotonic() > deadline or self._laboratory.soiled:
                return None
            example = self._fails(program, wanted, tries, deadline, every=reliable)
            self._smallest = example or self._smallest
            return example is not None

        shrink(found.program, fails)

    def _diverges(self, found: Example) -> bool:
        """Whether the same choices lead elsewhere: then what a smaller program did would mean nothing."""
        again = self._laboratory.try_out(found.program)
        self._tell("shrink")
        self._diverged = divergence(found.history.statements, again.history.statements)
        return self._diverged is not None

    def _fails(
        self,
        program: Program,
        wanted: frozenset[str | None],
        tries: int,
        deadline: float,
        every: bool = False,
    ) -> Example | None:
        """An example that breaks a wanted check: the first within `tries`, or with `every` only if all do."""
        example = None
        for _ in range(tries):
            if time.monotonic() > deadline or self._laboratory.soiled:
                return None
            example = self._laboratory.try_out(program)
            self._tell("shrink")
            broken = bool(wanted & example.broken)
            if broken != every:
                return example if broken else None
        return example if every else None

    def _count_repeats(self) -> None:
        assert self._smallest is not None
        failed = tried = 0
        deadline = time.monotonic() + REPEAT_S
        while tried < REPEATS and not self._laboratory.soiled and (time.monotonic() < deadline or not tried):
            failed += bool(self._laboratory.try_out(self._smallest.program).broken & self._smallest.broken)
            tried += 1
            self._repeats = (failed, tried)
            self._tell("repeat")

    # The result

    def _tell(self, phase: str) -> None:
        self._listen(Progress(self._scenario.name, self._plan.seed, phase, self._tally.counts()))

    def _report(self) -> Run:
        first, smallest = self._found, self._smallest or self._found
        shown = smallest or self._doubtful or self._last
        assert shown is not None
        arena, what = self._laboratory.arena, self._scenario.what
        return Run(
            scenario=self._scenario.name,
            about=self._scenario.about,
            lock=str(self._lock),
            lock_command=bool(self._lock.command),
            seed=self._plan.seed,
            status="violated" if smallest else "unknown" if self._tally.unknown else "holds",
            program=shown.program,
            history=shown.history,
            verdicts=shown.verdicts,
            bounds=arena.bounds,
            figures=self._tally.figures(),
            environment=arena.environment(),
            repeats=self._repeats if self._repeats[1] else None,
            soiled=self._laboratory.soiled,
            first_program=first.program if first else None,
            first_history=first.history if first else None,
            expects=self._scenario.expects,
            search=self._orders,
            promise=promise(what, self._moves) if isinstance(what, Draw) else None,
            diverged=self._diverged,
        )


class NotApplicable(Exception):
    """The lock lacks what the scenario is about."""


class Interrupted(Exception):
    """Ctrl-C: the run as far as it got."""

    def __init__(self, run: Run) -> None:
        super().__init__("interrupted")
        self.run = run


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
