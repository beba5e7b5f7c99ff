"""Lockstep: examples per second, and the time that the replacement of a killed actor takes."""

from itertools import chain
from time import perf_counter, perf_counter_ns

from rich.progress import track
from rich.table import Table

from benchmarks import figures
from benchmarks.figures import REPEATS, Row
from lock_harness.core.program import Month, Program
from lock_harness.core.run import Figures
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.exploration.executor import run
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.progress import Progress
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.frontends.known_scenarios import find_known_scenarios
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.draw import Draw
from lock_harness.programs.loading import load_scenarios
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, program, release
from lock_harness.servers.server import Server

THREE, TWELVE = (3, 3), (12, 12)
PLAIN = Scenario(
    Draw({"acquire": 6, "release": 5, "is_locked": 2}, actors=THREE, steps=TWELVE, taken_ms=(0,)),
    name="plain",
)
CRASH = Scenario(
    Draw({"acquire": 6, "release": 5, "crash": 40}, actors=THREE, steps=TWELVE, taken_ms=(0,), faults=1),
    name="crash",
)


def table(server: Server) -> Table:
    """Measure lockstep in one worker, and return the table."""
    measures = track(
        (_measure_plain, _measure_crash, _measure_replacement, _measure_fixed), "measuring", transient=True
    )
    rows = [measure(server) for measure in measures]
    return figures.table(f"Lockstep, one worker; median and range of {REPEATS}", rows)


def _measure_plain(server: Server) -> Row:
    return _rate("3 actors x 12 steps, no waiting", server, PLAIN, examples=400, aim="≥ 150")


def _measure_crash(server: Server) -> Row:
    return _rate("the same with a crash", server, CRASH, examples=150, aim="≥ 40")


def _rate(what: str, server: Server, scenario: Scenario, *, examples: int, aim: str) -> Row:
    runs = measure_throughput(server, scenario, examples=examples, repeats=REPEATS)
    crashes = sum(one.faults for one in runs) / sum(one.examples for one in runs)
    what += f", {crashes:.2f} crashes each" if crashes else ""
    rates = [one.examples / one.seconds for one in runs]
    return figures.row(what, rates, unit="examples/s", aim=aim, digits=0)


def _measure_replacement(server: Server) -> Row:
    return figures.row("a killed actor replaced", replace_actors(server, 60), unit="ms", aim="< 15", digits=1)


def _measure_fixed(server: Server) -> Row:
    seconds = [run_fixed_programs(server) for _ in range(REPEATS)]
    return figures.row("the eight fixed scenarios together", seconds, unit="s", aim="< 3", digits=2)


def measure_throughput(server: Server, scenario: Scenario, *, examples: int, repeats: int) -> list[Figures]:
    """Explore `scenario` several times in one worker, and return the figures.

    Their seconds begin when the actors are ready, and include drawing and judging.
    """
    plans = [Plan(examples, seed=seed) for seed in range(repeats)]
    return [run_job(Job(scenario, plan), server, _quiet).figures for plan in plans]


def replace_actors(server: Server, times: int) -> list[float]:
    """Kill and replace an actor several times.  Return for each the milliseconds until a spare actor has its place.

    A short program runs between two replacements, as in an exploration.
    """
    measured_ms = []
    with open_arena(server, LockSpec(), Bounds()) as arena:
        month = Month(arena.years.first, 1)
        rounds = [(acquire(actor, month, 0), release(actor, month)) for actor in range(3)]
        between = program(*chain.from_iterable(rounds))
        for number in range(times):
            assert run(between, arena).status == "holds"
            began = perf_counter_ns()
            arena.replace(number % 3)
            measured_ms.append((perf_counter_ns() - began) / 1e6)
    return measured_ms


def run_fixed_programs(server: Server) -> float:
    """Run the scenarios that are fixed programs, each on a new arena, and return the seconds."""
    known = load_scenarios(find_known_scenarios())
    fixed = [one for one in known.values() if isinstance(one.what, Program) and not one.planted]
    began = perf_counter()
    for scenario in fixed:
        assert run_job(Job(scenario, Plan()), server, _quiet).status == "holds", scenario.name
    return perf_counter() - began


def _quiet(_: Progress) -> None:
    pass
