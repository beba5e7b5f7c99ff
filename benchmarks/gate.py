"""Gate: schedules per second, and the cost of one move.

The same number of statements is measured twice: as operations of one statement each, which are all recorded and judged,
and as one operation, as in the processes of frontrun.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from multiprocessing.connection import Connection
from time import perf_counter, process_time
from typing import NamedTuple

from rich.progress import track
from rich.table import Table

from benchmarks import figures, peer
from benchmarks.figures import REPEATS, Row
from lock_harness.core.program import Month, Operation, Program, Verb
from lock_harness.core.schedule import Random
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import Arena, open_arena
from lock_harness.exploration.executor import run
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs.equipment import Equipment
from lock_harness.servers.server import Server

SPAN_S = 3.0
# includes the time in which frontrun starts its processes
PEER_S = 8.0
WORKERS = 2
ACTORS = 3
STATEMENTS = 7
LIKE_FRONTRUN = "1 operation each"
PROGRAMS: dict[str, tuple[Verb, ...]] = {
    "7 operations each": ("acquire", "is_locked", "acquire", "release", "release", "acquire", "release"),
    LIKE_FRONTRUN: ("hold",),
}


class Working(MonthLock):
    """The reference lock, with statements to execute while it is held."""

    @contextmanager
    def hold(self, year: int, month: int, timeout_ms: int) -> Iterator[bool]:
        with super().hold(year, month, timeout_ms) as acquired:
            for _ in range(STATEMENTS - 1 - acquired):
                self._conn.execute("SELECT 1")
            yield acquired


class Measured(NamedTuple):
    """Measurements of one worker in one span; `conductor_s` is the CPU time of the conductor."""

    schedules: int
    moves: int
    seconds: float
    conductor_s: float


def table(server: Server) -> Table:
    """Return the measurements of the gate, and of frontrun if it is installed."""
    rows = [
        one for workers in track((1, WORKERS), "measuring", transient=True) for one in _rows(server, workers)
    ]
    title = f"Gate, {ACTORS} actors x {STATEMENTS} statements, random schedules, a processor each; median of {REPEATS}"
    return figures.table(title, rows)


def _rows(server: Server, workers: int) -> Iterator[Row]:
    measured, frontrun_rates = measure(server, workers, REPEATS)
    yield f"{workers} worker{'s' * (workers > 1)}", "", "", ""
    for program, spans in measured.items():
        each = [one for span in spans for one in span]
        # the aim is for all processors together
        aim = "≥ 150" if workers == WORKERS else ""
        conductor_ms = [1e3 * one.conductor_s / one.schedules for one in each]
        yield figures.row(f"  {program}", _rates(spans), "schedules/s", aim, 0)
        yield figures.row("    a move", [1e6 * one.seconds / one.moves for one in each], "µs", "", 0)
        yield figures.row("    a schedule, the conductor's part", conductor_ms, "ms", "", 1)
    yield from _frontrun_rows(_rates(measured[LIKE_FRONTRUN]), frontrun_rates)


def _rates(spans: Sequence[Sequence[Measured]]) -> list[float]:
    return [sum(one.schedules / one.seconds for one in span) for span in spans]


def _frontrun_rows(rates: Sequence[float], frontrun_rates: Sequence[float]) -> list[Row]:
    if not frontrun_rates:
        return [("  frontrun: not installed", "-", "-", "")]
    times = [ours / its for ours, its in zip(rates, frontrun_rates, strict=True)]
    return [
        figures.row("  frontrun, 1 function each", frontrun_rates, "schedules/s", "", 1),
        figures.row(f"  {LIKE_FRONTRUN}, as many as frontrun", times, "times", "> 1", 1),
    ]


def measure(
    server: Server, workers: int, repeats: int
) -> tuple[dict[str, list[list[Measured]]], list[float]]:
    """Return the spans of each program, and the schedules per second of frontrun.

    The workers run side by side, each with its own arena, and begin each span together.  After a span of each program
    frontrun is measured, if it is installed, so that both are measured under the same conditions.
    """
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for number in range(workers):
        ours, its = context.Pipe()
        process = context.Process(target=_serve, args=(its, server, number))
        process.start()
        pipes.append(ours)
        processes.append(process)
    for pipe in pipes:
        pipe.recv()
    spans: dict[str, list[list[Measured]]] = {program: [] for program in PROGRAMS}
    frontrun_rates = []
    try:
        for _ in range(repeats):
            for program, measured in spans.items():
                measured.append(_span(pipes, program))
            if peer.installed():
                frontrun_rates.append(peer.schedules_per_second(server.url, PEER_S))
    finally:
        for pipe, process in zip(pipes, processes, strict=True):
            pipe.send(None)
            process.join()
    return spans, frontrun_rates


def _span(pipes: Sequence[Connection], program: str) -> list[Measured]:
    for pipe in pipes:
        pipe.send(program)
    return [pipe.recv() for pipe in pipes]


def _serve(pipe: Connection, server: Server, number: int) -> None:
    _pin_to_processor(number)
    with open_arena(server, Working, Bounds(), equipment=Equipment(gate=True)) as arena:
        seeds = count(1000 * number)
        for verbs in PROGRAMS.values():
            run(_program(arena, verbs, next(seeds)), arena)
        pipe.send(True)
        while name := pipe.recv():
            pipe.send(_measure_span(arena, PROGRAMS[name], seeds))


def _pin_to_processor(number: int) -> None:
    """Run on one processor, with all child processes: only one of them moves at a time, and it is woken fastest there."""
    if sys.platform == "linux":
        mine = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {mine[number % len(mine)]})


def _measure_span(arena: Arena, verbs: Sequence[Verb], seeds: "count[int]") -> Measured:
    began, own = perf_counter(), process_time()
    schedules = moves = 0
    while perf_counter() - began < SPAN_S:
        example = run(_program(arena, verbs, next(seeds)), arena)
        assert example.status == "holds", example.verdicts
        schedules, moves = schedules + 1, moves + len(example.history.moves)
    return Measured(schedules, moves, perf_counter() - began, process_time() - own)


def _program(arena: Arena, verbs: Sequence[Verb], seed: int) -> Program:
    month = Month(arena.years.first, 1)
    steps = tuple(Operation(actor, verb, month) for actor in range(ACTORS) for verb in verbs)
    return Program(ACTORS, (month,), steps, "gate", scheduler=Random(seed))
