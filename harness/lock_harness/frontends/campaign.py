"""The `run` command: fork the lanes, open the server, run the campaign, and report."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from multiprocessing.connection import Connection
from types import FrameType

from rich.console import Console

from lock_harness.actors.pool import share_fork_servers, start_fork_servers
from lock_harness.campaign.campaign import Campaign, Settings
from lock_harness.campaign.lane import Lane, LaneWork
from lock_harness.campaign.lanes import open_lanes
from lock_harness.campaign.work import ScenarioWork, scenario_works
from lock_harness.core.errors import MachineError
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.known_findings import without_accepted
from lock_harness.frontends.memory import FailureMemory
from lock_harness.frontends.options import RunOptions
from lock_harness.frontends.repeats import Repeats
from lock_harness.frontends.run_report import RunReport
from lock_harness.frontends.signals import ENDING, SignalReceived
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.scenario import Scenario
from lock_harness.render.summary import exit_code
from lock_harness.servers.address import connect
from lock_harness.servers.connections import tightest_limit
from lock_harness.servers.providers import open_server
from lock_harness.servers.years import BLOCK, Years

# Lanes wait more than they compute, so more lanes than processors are useful.
LANES_PER_PROCESSOR = 2
# A lane takes about a second of processor time to start.  It is not worth that for fewer examples.
EXAMPLES_PER_LANE = 50
# of most programs: the actors, their spares, and what the harness needs for itself
CONNECTIONS_PER_LANE = 12
# the exit code of a run whose result is not known
UNKNOWN = MachineError.exit_code


class Interruption:
    """The signal by which the user ended the run.  A second one ends it at once."""

    def __init__(self) -> None:
        self.received: SignalReceived | None = None

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal."""
        if self.received:
            raise self.received
        self.received = SignalReceived(number)

    def __call__(self) -> bool:
        return self.received is not None


@contextlib.contextmanager
def _noted_interruption() -> Iterator[Interruption]:
    """Note signals for a `with` block instead of raising an exception in the middle of something."""
    interruption = Interruption()
    before = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, interruption.note)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_campaign(scenarios: Sequence[Scenario], options: RunOptions, pg: str | None, console: Console) -> int:
    """Run scenarios, print and save the results, and return the exit code."""
    plan = Plan(examples=options.examples, seed=options.seed)
    if options.seconds is None and options.examples is None:
        scenarios = [scenario.brief() for scenario in scenarios]
    works = scenario_works(scenarios, plan)
    lane_work = LaneWork(scenarios, options.lock or LockSpec(), options.years, options.release_ms)
    repeats = _repeats(scenarios, options)
    report = RunReport(works, options, repeats, console)
    settings = Settings(
        plan=plan,
        began=options.began,
        seconds=options.seconds,
        stops_at_first=options.exits_first,
        repeats=repeats.tasks,
        accepts=options.known.accepts,
    )

    def run_lane(connection: Connection, is_stopped: Callable[[], bool]) -> None:
        Lane(lane_work, connection, is_stopped).run()

    # they start while the server does
    start_fork_servers(lane_work.lock_of(scenarios[0]))
    count = lane_count(options.lanes, works)
    with open_server(pg) as server, open_lanes(run_lane, _prepare, count) as lanes:
        report.begin(server)
        usable = lanes.numbers
        if not server.ours:
            with connect(server.dsn, "lock-harness") as conn:
                usable = usable[: lanes_on_named_server(options.years, tightest_limit(conn).free)]
        campaign = Campaign(works, settings, lanes, usable, report)
        with _noted_interruption() as interruption:
            try:
                with report.display:
                    campaign.run(server, interruption)
                    report.finish_rest()
            finally:
                lanes.stop()
                lanes.close()
                report.sum_up(campaign, time.monotonic() - options.began)
        if interruption.received:
            raise interruption.received
    runs = [*report.runs, *repeats.runs.values()]
    code = exit_code(without_accepted(runs, options.known.accepted_only(campaign.findings)))
    return UNKNOWN if code == 0 and options.fails_on_skip and report.has_gaps else code


def _prepare(lane: int) -> None:
    """Prepare for a lane: the first one has fork servers already, and the others share some more with each other."""
    if lane:
        share_fork_servers()


def _repeats(scenarios: Sequence[Scenario], options: RunOptions) -> Repeats:
    """Return the remembered failures of the lock under test; none if every scenario brings its own lock."""
    memory = FailureMemory(options.memory, options.lock or LockSpec())
    tries = any(scenario.lock is None for scenario in scenarios)
    return Repeats(memory, date.today(), tries=tries)


def lane_count(wanted: int | None, works: Sequence[ScenarioWork]) -> int:
    """Return how many lanes to fork: as many as the user wants, but not more than can have work."""
    count = wanted or LANES_PER_PROCESSOR * (os.cpu_count() or 1)
    return max(1, min(count, sum(_most_lanes(work) for work in works)))


def lanes_on_named_server(years: Years, connections: int) -> int:
    """Return how many lanes can work on a server with so many free years and connections.

    Each arena takes two years there, and a lane may need an arena and a gate.
    """
    return max(1, min((years.last - years.first + 1) // (2 * BLOCK), connections // CONNECTIONS_PER_LANE))


def _most_lanes(work: ScenarioWork) -> int:
    if work.needs_own_lane or work.total is None:
        return 1
    return -(-work.total // EXAMPLES_PER_LANE)
