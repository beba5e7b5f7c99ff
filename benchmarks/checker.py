"""The time that the checks of a long race take.  `python -m benchmarks.checker` measures it without a server."""

from collections.abc import Iterator
from time import process_time

from rich.console import Console
from rich.table import Table

from benchmarks.machine import facts
from lock_harness.analysis.view import View
from lock_harness.checks import judge
from lock_harness.checks.linearizable import linearizable
from lock_harness.core.history import History
from lock_harness.core.verdict import Bounds
from simulation import race_history

SIZES = ((10_000, 0.0), (100_000, 0.0), (1_000_000, 0.0), (1_000_000, 0.2))
Row = tuple[str, str, str, str, str]


def table() -> Table:
    """Return the processor time from the events to the verdict, in seconds and in microseconds for each operation.

    The time to simulate the history is not included.
    """
    grid = Table(
        title="Checking a race of 64 actors on 12 months, in one process; processor time",
        title_justify="left",
    )
    for heading in ("operations", "linearizable", "each", "all checks", "each"):
        grid.add_column(heading, justify="left" if heading == "operations" else "right")
    for row in _rows():
        grid.add_row(*row)
    return grid


def _rows() -> Iterator[Row]:
    for operations, indeterminate in SIZES:
        history = race_history(operations, indeterminate)
        label = f"{operations:,}" + (f", {indeterminate:.0%} indeterminate" if indeterminate else "")
        one, all_of_them = _linearizable_s(history), _judge_s(history)
        yield label, *_times(one, operations), *_times(all_of_them, operations)


def _linearizable_s(history: History) -> float:
    began = process_time()
    verdict = linearizable(View(history, Bounds()))
    taken = process_time() - began
    assert verdict.status == "holds", verdict.why
    return taken


def _judge_s(history: History) -> float:
    began = process_time()
    judge(history, Bounds())
    return process_time() - began


def _times(seconds: float, operations: int) -> tuple[str, str]:
    return f"{seconds:.2f} s", f"{seconds / operations * 1e6:.1f} µs"


if __name__ == "__main__":
    console = Console(highlight=False, width=120)
    console.print(facts("no server"), soft_wrap=True)
    console.print(table())
