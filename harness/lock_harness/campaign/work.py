"""The work of a run: the state of each scenario, and the decision which batch a lane gets next.  No I/O."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from lock_harness.core.program import Program
from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.programs.draw import Draw
from lock_harness.programs.equipment import Equipment, equipment
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.workload import AllPrograms
from lock_harness.render.summary import merged

# examples of a drawn scenario without which it is thin, and which it gets before any drawn scenario gets more
MINIMUM = 10
# examples of its further batches: a fixed number, so that the same seed draws the same however fast the machine is
BATCH = 25
# programs of each batch of a scenario with all programs of a few steps
PROGRAMS_OF_BATCH = 50
# the part of the time that such a scenario gets in a run that is limited by time
SHARE_OF_SCOPES = 0.25
# violations after which a scenario is not continued in a run that is limited by time; in others one is enough
MOST_VIOLATIONS = 3
# consecutive batches of a scenario draw with seeds that are far apart
SEED_DISTANCE = 1_000_003


class Rank(IntEnum):
    """The order in which scenarios get their first batch."""

    FIXED = 0
    GENERAL = 1
    SMALL_SCOPE = 2
    SPECIAL = 3


def rank(scenario: Scenario) -> Rank:
    """Return when a scenario gets its first batch: fixed programs, then what needs no special equipment, then the rest."""
    needed = equipment(scenario.what).shared
    if isinstance(scenario.what, Program):
        return Rank.FIXED if needed == Equipment() else Rank.SPECIAL
    if isinstance(scenario.what, Draw) and needed._replace(gate=False) == Equipment():
        return Rank.GENERAL
    if isinstance(scenario.what, AllPrograms) and needed == Equipment():
        return Rank.SMALL_SCOPE
    return Rank.SPECIAL


@dataclass
class ScenarioWork:
    """The state of one scenario in a run.

    Attributes:
        total: How many examples to run at least; None if the scenario has a single batch.  Of all programs of a few steps
            it is the number of the first batch until that is done, since the number of all depends on the lock.
        most: The most programs that the user wants to run of all programs of a few steps, if there is a limit.
        done: How many examples are done.
        parts: How many batches were given.
        running: The lanes that run a batch now, with the number of examples of each.
        seconds: The time that lanes have spent.
        run: The result so far.
        shown_part: The batch to which the example of `run` belongs.
        free_parts: Batches that were given to a lane which could not run them.
        violations: How many batches had a violation.
        skipped: Why the scenario is not applicable.
        ended: No further batch is to be given.
        seen: The kinds of behaviour that its examples have shown.
        recent_new: How many of them the last batch showed first.
        recent_seconds: The time of the last batch.
    """

    index: int
    scenario: Scenario
    total: int | None
    kind: Equipment
    rank: Rank
    done: int = 0
    parts: int = 0
    running: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    run: Run | None = None
    shown_part: int = 0
    free_parts: list[int] = field(default_factory=list)
    violations: int = 0
    skipped: str | None = None
    ended: bool = False
    seen: set[str] = field(default_factory=set)
    recent_new: int = 0
    recent_seconds: float = 0.0
    most: int | None = None

    @property
    def has_all_programs(self) -> bool:
        """Whether its workload is all programs of a few steps, which are run once."""
        return isinstance(self.scenario.what, AllPrograms)

    @property
    def given(self) -> int:
        """How many examples are given to lanes, or done."""
        return self.done + sum(self.running.values())

    @property
    def minimum(self) -> int:
        """How many examples it must have before any drawn scenario gets more."""
        return 1 if self.total is None else min(MINIMUM, self.total)

    @property
    def needs_own_lane(self) -> bool:
        """Whether only one lane at a time may run it: its equipment takes long to open."""
        return (
            self.total is None
            or self.kind._replace(gate=False, faults=frozenset()) != Equipment()
            or any(self.kind.targets(target) for target in ("server", "clock"))
        )

    def seconds_left(self) -> float:
        """Return how long one lane would take for the rest; a guess before there is a measurement."""
        if self.total is None:
            return 0.0
        each = self.seconds / self.done if self.done else 0.05
        return each * max(0, self.total - self.given)

    def skip(self, why: str) -> None:
        """Note that the scenario is not applicable."""
        self.skipped, self.ended = why, True

    def begin(self, lane: int, examples: int | None) -> int:
        """Note that a lane gets a batch, and return the number of the batch in the scenario."""
        self.running[lane] = examples or 1
        if self.free_parts:
            return self.free_parts.pop()
        self.parts += 1
        return self.parts - 1

    def take_back(self, lane: int, part: int) -> None:
        """Note that a lane could not run its batch."""
        del self.running[lane]
        self.free_parts.append(part)

    def add(
        self, part: int, run: Run, behaviours: Collection[str], seconds: float, *, unlimited: bool
    ) -> None:
        """Add the result of a batch.  Of results that are equally severe, that of the earliest batch is shown.

        `unlimited`: whether scenarios go on for as long as the run has time, also after a violation.
        """
        if self.run is None:
            self.run, self.shown_part = run, part
        else:
            earlier_first = (run, self.run) if part < self.shown_part else (self.run, run)
            whole = merged(earlier_first)
            if whole.program is run.program:
                self.shown_part = part
            self.run = whole
        # at the gate a program may be many examples
        self.done += sum(run.coverage.scope.runs) if run.coverage.scope else run.figures.examples
        self.seconds += seconds
        self.recent_new, self.recent_seconds = len(set(behaviours) - self.seen), seconds
        self.seen.update(behaviours)
        self.violations += run.status == "violated"
        if scope := run.coverage.scope:
            self.total = min(sum(scope.totals), self.most or sum(scope.totals))
        # of all programs the first violation is the smallest one
        goes_on = unlimited and not (self.scenario.planted or self.has_all_programs)
        enough = MOST_VIOLATIONS if goes_on else 1
        self.ended |= self.total is None or run.leaked_locks or self.violations >= enough

    def is_finished(self, *, unlimited: bool) -> bool:
        """Return whether no batch runs, and no further one is to be given."""
        if self.running:
            return False
        is_done = self.total is not None and self.done >= self.total
        return self.ended or (is_done and (not unlimited or self.has_all_programs))


def scenario_works(scenarios: Sequence[Scenario], plan: Plan) -> list[ScenarioWork]:
    """Return the state of all scenarios before the first batch."""
    return [
        ScenarioWork(
            index=index,
            scenario=scenario,
            total=_first_total(scenario, plan),
            most=plan.examples,
            kind=equipment(scenario.what).shared,
            rank=rank(scenario),
        )
        for index, scenario in enumerate(scenarios)
    ]


def _first_total(scenario: Scenario, plan: Plan) -> int | None:
    if isinstance(scenario.what, AllPrograms):
        return min(PROGRAMS_OF_BATCH, plan.examples or PROGRAMS_OF_BATCH)
    return (plan.examples or scenario.examples) if isinstance(scenario.what, Draw) else None


def choose(
    works: Iterable[ScenarioWork], open_kinds: Sequence[Equipment], *, unlimited: bool
) -> ScenarioWork | None:
    """Return the scenario of which a lane gets the next batch; None if there is nothing for it to do.

    First every scenario gets its minimum, in the order of the ranks.  Then each gets the rest of its examples, the one that
    takes longest first, so that no lane is left alone with it in the end.  Then, in a run that is limited by time,
    the scenario continues that has shown the most new kinds of behaviour per second.  There a scenario with all programs
    of a few steps gets its share of the time; it shows little that is new.

    Args:
        works: The scenarios.
        open_kinds: The equipment of the arenas that the lane has open, the one used last at the end.
        unlimited: Whether scenarios go on after all their examples have run.
    """
    works = list(works)
    ready = [one for one in works if not one.ended and not (one.running and one.needs_own_lane)]

    def distance(one: ScenarioWork) -> int:
        """Return how much it costs the lane to get the arena: none if it is the one that it used last."""
        return [*open_kinds].index(one.kind) - len(open_kinds) if one.kind in open_kinds else 0

    if starving := [one for one in ready if one.given < one.minimum]:
        return min(starving, key=lambda one: (one.rank, distance(one), -one.scenario.examples, one.index))
    if unfinished := [one for one in ready if one.total is not None and one.given < one.total]:
        if unlimited:
            return _next_in_limited_time(works, unfinished)
        return max(unfinished, key=lambda one: (one.seconds_left() > 5, -distance(one), one.seconds_left()))
    if unlimited and (drawn := [one for one in ready if isinstance(one.scenario.what, Draw)]):
        return max(drawn, key=_novelty)
    return None


def _next_in_limited_time(works: Sequence[ScenarioWork], ready: Sequence[ScenarioWork]) -> ScenarioWork:
    """Return which of the scenarios continues: one with all programs if it has had less than its share of the time."""
    scopes = [one for one in ready if one.has_all_programs]
    spent = sum(one.seconds for one in scopes)
    if scopes and spent <= SHARE_OF_SCOPES * sum(one.seconds for one in works):
        return scopes[0]
    return max([one for one in ready if one not in scopes] or scopes, key=_novelty)


def _novelty(one: ScenarioWork) -> float:
    """Return how many new kinds of behaviour a further second may show."""
    return (one.recent_new + 0.5) / (one.recent_seconds + 0.1) / (1 + len(one.running))


def batch_size(one: ScenarioWork, *, unlimited: bool) -> int | None:
    """Return how many examples the next batch of a scenario has; None if it is not drawn."""
    if one.total is None:
        return None
    left = one.total - one.given
    if one.has_all_programs:
        return min(PROGRAMS_OF_BATCH, left)
    if one.given < one.minimum:
        return one.minimum - one.given
    return BATCH if unlimited and left <= 0 else max(1, min(BATCH, left))
