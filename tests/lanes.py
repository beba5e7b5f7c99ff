"""Simulated lanes, which run batches in simulated time, and a run of the scheduler on them."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from lock_harness.campaign.campaign import Campaign, Settings
from lock_harness.campaign.findings import RunFinding
from lock_harness.campaign.lanes import LaneEnded
from lock_harness.campaign.messages import (
    Asks,
    Done,
    Known,
    Repeat,
    Report,
    ScenarioBatch,
    Task,
)
from lock_harness.campaign.work import PROGRAMS_OF_BATCH, ScenarioWork, scenario_works
from lock_harness.core.program import Month, Program
from lock_harness.core.run import Coverage, Figures, Run, ScopeCoverage
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.progress import Progress
from lock_harness.programs.all_programs import sizes_before
from lock_harness.programs.discovery import SHIPPED, find_scenarios
from lock_harness.programs.draw import Draw
from lock_harness.programs.loading import pick_scenarios
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, program, release
from lock_harness.servers.server import Server
from tests.runs import run as run_of

SERVER = Server("", "", "embedded", "18")
JAN = Month(2090, 1)
TWO_HOLDERS = program(acquire(0, JAN, 0), acquire(1, JAN, 0))
FREED = program(acquire(0, JAN, 0), release(0, JAN), release(0, JAN))
DEFAULT_SET = pick_scenarios(find_scenarios([SHIPPED]), [])
# seconds that an example takes
COSTS = {"long_holds": 3.5, "server_timeouts": 3.2, "deadlines": 0.4, "thundering_herd": 0.3}
# how many programs there are of each size, of scenarios with all programs of a few steps
TOTALS = {"small_scope": (6, 70, 958)}


@dataclass
class SimulatedLanes:
    """Lanes that take simulated time.  `answer` replaces the report of a batch."""

    numbers: list[int]
    answer: Callable[[ScenarioBatch, str], Report | LaneEnded | None] = lambda _batch, _name: None
    names: Sequence[str] = ()
    now: float = 0.0
    tasks: list[tuple[float, int, Task]] = field(default_factory=list)
    pending: dict[int, tuple[float, Report | LaneEnded]] = field(default_factory=dict)
    stopped: bool = False
    killed: bool = False
    busy_s: float = 0.0
    # whether a lane asks before it shrinks a violation, and the lanes that shrink
    asks: bool = False
    shrinking: set[int] = field(default_factory=set)
    most_shrinking: int = 0
    unasked: dict[int, Done] = field(default_factory=dict)

    def send(self, lane: int, task: Task) -> None:
        self.tasks.append((self.now, lane, task))
        if isinstance(task, ScenarioBatch):
            assert lane not in self.pending
            name = self.names[task.scenario]
            seconds = (task.examples or 1) * COSTS.get(name, 0.05)
            if task.until is not None:
                seconds = min(seconds, max(0.0, task.until - self.now) + COSTS.get(name, 0.05))
            report = self.answer(task, name) or done(
                name, task.examples or 1, seconds, coverage=covered(task, name)
            )
            if self.asks and isinstance(report, Done) and report.run.status == "violated":
                self.unasked[lane] = report
                report = Asks()
            self.pending[lane] = self.now + seconds, report
            self.busy_s += seconds
        elif isinstance(task, Known):
            self.shrinking.add(lane)
            self.most_shrinking = max(self.most_shrinking, len(self.shrinking))
            self.pending[lane] = self.now + 5, self.unasked.pop(lane)
        elif isinstance(task, Repeat):
            self.pending[lane] = self.now + 0.1, done(task.scenario, task.times, 0.1)

    def receive(self, timeout_s: float) -> Iterator[tuple[int, Report | LaneEnded]]:
        lane = min(self.pending, key=lambda one: self.pending[one][0], default=None)
        if lane is None or self.pending[lane][0] > self.now + timeout_s:
            self.now += timeout_s
            return
        at, report = self.pending.pop(lane)
        self.shrinking.discard(lane)
        self.now = max(self.now, at)
        yield lane, report

    def stop(self) -> None:
        self.stopped = True

    def kill(self) -> None:
        self.killed = True

    @property
    def batches(self) -> list[ScenarioBatch]:
        return [task for _, _, task in self.tasks if isinstance(task, ScenarioBatch)]


def done(scenario: str, examples: int, seconds: float, **fields: object) -> Done:
    result = run_of(
        scenario=scenario,
        status="holds",
        verdicts=(),
        figures=Figures(examples=examples, seconds=seconds),
        **fields,
    )
    return Done(result, frozenset(), seconds)


def covered(batch: ScenarioBatch, name: str) -> Coverage:
    if name not in TOTALS:
        return Coverage()
    runs = sizes_before(TOTALS[name], batch.part * PROGRAMS_OF_BATCH, batch.examples or 0)
    return Coverage(scope=ScopeCoverage(runs, TOTALS[name]))


def violated(_batch: ScenarioBatch, name: str, whole: Program = TWO_HOLDERS) -> Done:
    result = run_of(scenario=name, program=whole, figures=Figures(examples=1, violated=1))
    assert result.status == "violated"
    return Done(result, frozenset(), 1.0)


class Heard:
    """The events that a listener got."""

    def __init__(self) -> None:
        self.finished_ones: list[str] = []
        self.repeats: list[str] = []
        self.not_tried: list[tuple[str, str]] = []
        self.new: list[RunFinding] = []

    def progress(self, lane: int, progress: Progress) -> None: ...

    def given(self, lane: int, work: ScenarioWork) -> None: ...

    def tick(self) -> None: ...

    def repeated(self, task: Repeat, run: Run) -> None:
        del run
        self.repeats.append(task.scenario)

    def not_repeated(self, task: Repeat, why: str) -> None:
        self.not_tried.append((task.finding, why))

    def met(self, finding: RunFinding, run: Run, *, new: bool) -> None:
        del run
        if new:
            self.new.append(finding)

    def finished(self, work: ScenarioWork) -> None:
        self.finished_ones.append(work.scenario.name)


@dataclass
class Simulation:
    lanes: SimulatedLanes
    campaign: Campaign
    heard: Heard

    @property
    def done(self) -> dict[str, int]:
        return {work.scenario.name: work.done for work in self.campaign.works}


def simulate(
    monkeypatch: pytest.MonkeyPatch,
    scenarios: Sequence[Scenario] = DEFAULT_SET,
    *,
    lanes: int = 4,
    answer: Callable[[ScenarioBatch, str], Report | LaneEnded | None] = lambda _batch, _name: None,
    interrupted_at: float | None = None,
    asks: bool = False,
    plan: Plan = Plan(seed=1),  # noqa: B008
    **settings: object,
) -> Simulation:
    """Run a campaign from time 0."""
    simulated = SimulatedLanes([*range(lanes)], answer, [one.name for one in scenarios], asks=asks)
    monkeypatch.setattr(time, "monotonic", lambda: simulated.now)
    heard = Heard()
    chosen = Settings(plan=plan, began=0.0, **settings)  # type: ignore[arg-type]
    works = scenario_works(scenarios, plan)
    campaign = Campaign(works, chosen, simulated, simulated.numbers, heard)  # type: ignore[arg-type]
    campaign.run(SERVER, lambda: interrupted_at is not None and simulated.now >= interrupted_at)
    return Simulation(simulated, campaign, heard)


def drawn(*names: str, examples: int = 40) -> list[Scenario]:
    return [Scenario(Draw({"acquire": 1}), examples=examples, name=name) for name in names]
