"""Lockstep: examples a second, and what it costs to replace a killed actor."""

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
    """Every measure of lockstep, in one worker."""
    measures = track((_plain, _crash, _swap, _fixed), "measuring", transient=True)
    rows = [measure(server) for measure in measures]
    return figures.table(f"Lockstep, one worker; median of {REPEATS} and the range", rows)


def _plain(server: Server) -> Row:
    return _rate("3 actors x 12 steps, no waiting", server, PLAIN, 400, "≥ 150")


def _crash(server: Server) -> Row:
    return _rate("the same with a crash", server, CRASH, 150, "≥ 40")


def _rate(what: str, server: Server, scenario: Scenario, examples: int, aim: str) -> Row:
    taken = throughput(server, scenario, examples, REPEATS)
    crashes = sum(one.faults for one in taken) / sum(one.examples for one in taken)
    what += f", {crashes:.2f} crashes each" if crashes else ""
    return figures.row(what, [one.examples / one.seconds for one in taken], "examples/s", aim, 0)


def _swap(server: Server) -> Row:
    return figures.row("a killed actor replaced", swaps(server, 60), "ms", "< 15", 1)


def _fixed(server: Server) -> Row:
    taken = [fixed_programs(server) for _ in range(REPEATS)]
    return figures.row("the eight fixed scenarios together", taken, "s", "< 3", 2)


def throughput(server: Server, scenario: Scenario, examples: int, repeats: int) -> list[Figures]:
    """Figures of whole explorations: drawn, run, judged; one after the other, in one worker.

    The seconds begin when the actors are ready.
    """
    plans = [Plan(examples, seed=seed) for seed in range(repeats)]
    return [run_job(Job(scenario, plan), server, _quiet).figures for plan in plans]


def swaps(server: Server, times: int) -> list[float]:
    """Milliseconds from the decision to SIGKILL an actor until a spare stands ready in its place.

    Between two of them a short program runs, as in an exploration.
    """
    taken = []
    with open_arena(server, LockSpec(), Bounds()) as arena:
        month = Month(arena.years.first, 1)
        between = program(
            *(step for one in range(3) for step in (acquire(one, month, 0), release(one, month)))
        )
        for number in range(times):
            assert run(between, arena).status == "holds"
            began = perf_counter_ns()
            arena.replace(number % 3)
            taken.append((perf_counter_ns() - began) / 1e6)
    return taken


def fixed_programs(server: Server) -> float:
    """Seconds for the scenarios that are fixed programs, each on a fresh arena."""
    known = load_scenarios(find_known_scenarios())
    fixed = [one for one in known.values() if isinstance(one.what, Program) and not one.planted]
    began = perf_counter()
    for scenario in fixed:
        assert run_job(Job(scenario, Plan()), server, _quiet).status == "holds", scenario.name
    return perf_counter() - began


def _quiet(_: Progress) -> None:
    pass
