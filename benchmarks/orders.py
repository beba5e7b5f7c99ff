"""Every order of a few steps of broken locks: the number of orders, with and without reduction.

With reduction, orders that differ only in moves that commute are run once.  Both ways must find the same violations.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from time import perf_counter
from typing import NamedTuple

import msgspec
from rich.progress import track
from rich.table import Table

from lock_harness.core.program import Month, Program
from lock_harness.core.run import OrderCoverage
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import Arena, open_arena
from lock_harness.exploration.executor import run, with_first_year
from lock_harness.gate.schedulers.exhaustive import ScheduleEnumerator
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.equipment import Equipment
from lock_harness.programs.steps import acquire, at_gate, release
from lock_harness.servers.server import Server

JAN, FEB = Month(2090, 1), Month(2090, 2)
PROGRAMS = {
    "2 x acquire, release": at_gate(acquire(0, JAN, 0), release(0, JAN), acquire(1, JAN, 0), release(1, JAN)),
    "acquire, and two months": at_gate(acquire(0, FEB, 0), acquire(0, JAN, 0), acquire(1, JAN, 0)),
    "3 x acquire": at_gate(*(acquire(actor, JAN, 0) for actor in range(3))),
}
LOCKS = {
    "check_then_act": "CheckThenAct",
    "shared_mode": "SharedMode",
    "transaction_lock": "TransactionLock",
    "release_forgets": "ReleaseForgets",
    "unlocks_elsewhere": "UnlocksElsewhere",
}


class OrdersRun(NamedTuple):
    """All orders of one program: how many were run, the checks that each violated, and the time."""

    search: OrderCoverage
    broken: frozenset[frozenset[str]]
    seconds: float


def table(server: Server) -> Table:
    """Return a table with one row for each program and lock."""
    drawn = Table(title="Every order, of planted locks; once each", title_justify="left")
    for heading in ("program", "lock", "orders", "with reduction", "s", "with reduction", "violations"):
        drawn.add_column(heading, justify="left" if heading in ("program", "lock") else "right")
    total = len(LOCKS) * len(PROGRAMS)
    for line in track(_lines(server), "measuring", total, transient=True):
        drawn.add_row(*line)
    return drawn


def _lines(server: Server) -> Iterator[tuple[str, ...]]:
    for lock in LOCKS:
        with open_arena_for(server, lock) as arena:
            for name, program in PROGRAMS.items():
                whole, reduced = (run_every_order(arena, program, reduce) for reduce in (False, True))
                agree = "the same" if whole.broken == reduced.broken else "NOT THE SAME"
                orders = str(whole.search.runs), str(reduced.search.runs)
                yield name, lock, *orders, f"{whole.seconds:.1f}", f"{reduced.seconds:.1f}", agree


def open_arena_for(server: Server, lock: str) -> AbstractContextManager[Arena]:
    """Open an arena with a gate, for a planted lock."""
    spec = LockSpec(f"lock_harness.scenarios.planted.{lock}:{LOCKS[lock]}")
    return open_arena(server, spec, Bounds(), equipment=Equipment(gate=True))


def run_every_order(arena: Arena, program: Program, reduce: bool) -> OrdersRun:
    """Run the program in every order.  An order that diverged, as it may on a busy machine, is run again.

    After a violation the actors are reused, unless they left a lock behind: these locks keep no other state.
    """
    orders, broken, began = ScheduleEnumerator(reduce=reduce), set[frozenset[str]](), perf_counter()
    here = with_first_year(program, arena.years.first)
    while orders.next:
        choices, scheduler = orders.next
        example = run(msgspec.structs.replace(here, choices=choices, scheduler=scheduler), arena)
        if orders.record(example.history.moves) is None:
            broken.add(example.violated_checks)
        if example.history.audits[-1].locks:
            arena.reset()
    return OrdersRun(orders.coverage, frozenset(broken), perf_counter() - began)
