"""Race: lock statements per second, compared with bare psycopg loops, and the other costs of an example."""

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from time import perf_counter
from typing import NamedTuple

import psycopg
from rich.progress import track
from rich.table import Table

from benchmarks import figures
from benchmarks.figures import REPEATS, Row
from lock_harness.checks import judge, overall
from lock_harness.core.clock import now_ns, wait_until
from lock_harness.core.history import History
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import Arena, open_arena
from lock_harness.execution.program_run import ProgramRun
from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import get_month_lock_key
from lock_harness.servers.server import Server

ACTORS = 4
ROUNDS = 1000
HEAD_START_NS = 20_000_000
LOCK = "SELECT pg_catalog.pg_try_advisory_lock(%s::bigint)"
UNLOCK = "SELECT pg_catalog.pg_advisory_unlock(%s::bigint)"


class Measured(NamedTuple):
    """One measurement of a race and of the bare loops.

    Attributes:
        race: Operations per second in the race.
        bare: Operations per second in the bare loops.
        running_s: The seconds from the start of the race to its last return.
        other_s: The other seconds until the history is complete.
        judging_s: The seconds of the checks.
    """

    race: float
    bare: float
    running_s: float
    other_s: float
    judging_s: float


def table(server: Server) -> Table:
    """Measure races in one worker, and return the table."""
    title = f"Race, {ACTORS} actors, lock statements; median of {REPEATS} and the range"
    kinds = track((False, True), "measuring", transient=True)
    return figures.table(title, [row for shared in kinds for row in _rows(server, shared)])


def _rows(server: Server, shared: bool) -> list[Row]:
    measured = measure_pairs(server, shared, REPEATS)
    where = "all on one month" if shared else "each on its own month"
    ratios = [100 * one.race / one.bare for one in measured]
    return [
        figures.row(f"{where}: race", [one.race for one in measured], "/s", "", 0),
        figures.row("  bare psycopg loops", [one.bare for one in measured], "/s", "", 0),
        figures.row("  race / bare", ratios, "%", "≥ 80", 0),
        figures.row("  an example: the race itself", [1000 * one.running_s for one in measured], "ms", "", 0),
        figures.row("  and the rest of its run", [1000 * one.other_s for one in measured], "ms", "", 0),
        figures.row("  and the checks", [1000 * one.judging_s for one in measured], "ms", "", 0),
    ]


def measure_pairs(server: Server, shared: bool, repeats: int) -> list[Measured]:
    """Measure the race and the bare loops in turns, so that both have the same conditions.

    With `shared` all actors use one month, so most acquires are refused; otherwise each uses its own month.
    """
    with open_arena(server, LockSpec(), Bounds()) as arena:
        months = [Month(arena.years.first, 1 if shared else 1 + one) for one in range(ACTORS)]
        program = _program(months)
        with _bare_loops(arena.server.url, months) as loops:
            # warms up all actors, and prepares every statement
            ProgramRun(program, arena).run()
            _run_bare(loops)
            return [_measure_pair(program, arena, loops) for _ in range(repeats)]


def _program(months: Sequence[Month]) -> Program:
    steps = [
        Operation(actor, verb, month) for actor, month in enumerate(months) for verb in ("acquire", "release")
    ]
    return Program(ACTORS, tuple(dict.fromkeys(months)), tuple(steps), "race", rounds=ROUNDS)


def _measure_pair(program: Program, arena: Arena, loops: Sequence[Connection]) -> Measured:
    began = perf_counter()
    history = ProgramRun(program, arena).run()
    whole_s = perf_counter() - began
    began = perf_counter()
    assert overall(judge(history, arena.bounds)) == "holds"
    judging_s = perf_counter() - began
    operations, running_s = _free_running(history, program)
    return Measured(operations / running_s, _run_bare(loops), running_s, whole_s - running_s, judging_s)


def _free_running(history: History, program: Program) -> tuple[int, float]:
    """Return the number of operations, and the seconds from the first call to the last return."""
    own = [event for event in history.events if event.number < program.total_steps]
    returned = [event.at_ns for event in own if event.kind == "ok"]
    return len(returned), (max(returned) - own[0].at_ns) / 1e9


@contextmanager
def _bare_loops(dsn: str, months: Sequence[Month]) -> Iterator[list[Connection]]:
    """Run a forked process for each month, which executes the lock's statements without the harness."""
    context = multiprocessing.get_context("forkserver")
    loops, processes = [], []
    for month in months:
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, dsn, get_month_lock_key(*month)), daemon=True)
        process.start()
        theirs.close()
        loops.append(ours)
        processes.append(process)
    yield loops
    for ours, process in zip(loops, processes, strict=True):
        ours.close()
        process.join()


def _serve(pipe: Connection, dsn: str, key: int) -> None:
    """Execute one loop from each starting time that is received, and send the time of its end."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        while True:
            try:
                wait_until(pipe.recv())
            except EOFError:
                return
            for _ in range(ROUNDS):
                conn.execute(LOCK, (key,)).fetchone()
                conn.execute(UNLOCK, (key,)).fetchone()
            pipe.send(now_ns())


def _run_bare(loops: Sequence[Connection]) -> float:
    """Run the loops once; return statements per second, from the common start to the last return."""
    begin_ns = now_ns() + HEAD_START_NS
    for loop in loops:
        loop.send(begin_ns)
    ended_ns: int = max(loop.recv() for loop in loops)
    return len(loops) * ROUNDS * 2 * 1e9 / (ended_ns - begin_ns)
