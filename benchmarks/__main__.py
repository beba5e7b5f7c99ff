"""Measure, and print the figures with the machine's facts."""

import statistics
import sys
from collections.abc import Sequence
from time import perf_counter

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import checker
from benchmarks.lockstep import CRASH, PLAIN, fixed_programs, swaps, throughput
from benchmarks.machine import facts
from harness.scenario import Scenario
from harness.servers.providers import open_server
from harness.servers.server import Server

REPEATS = 5
Row = tuple[str, str, str, str]


def main() -> None:
    """Print the tables; the one argument that may be given is a connection string."""
    console = Console(highlight=False, width=120)
    began = perf_counter()
    with open_server(sys.argv[1] if len(sys.argv) > 1 else None) as server:
        start_s = perf_counter() - began
        console.print(facts(str(server)), soft_wrap=True)
        table = Table(title=f"Lockstep, one worker; median of {REPEATS} and the range", title_justify="left")
        for heading in ("what", "median", "range", "aim"):
            table.add_column(heading, justify="left" if heading == "what" else "right")
        for row in [_row("server ready", [start_s], "s", "", 2), *_rows(server)]:
            table.add_row(*row)
        console.print(table)
    console.print(checker.table())


def _rows(server: Server) -> list[Row]:
    measures = track((_plain, _crash, _swap, _seed), "measuring", transient=True)
    return [row for measure in measures for row in measure(server)]


def _plain(server: Server) -> list[Row]:
    return [_rate("3 actors x 12 steps, no waiting", server, PLAIN, 400, "≥ 150")]


def _crash(server: Server) -> list[Row]:
    return [_rate("the same with a crash", server, CRASH, 150, "≥ 40")]


def _rate(what: str, server: Server, scenario: Scenario, examples: int, aim: str) -> Row:
    figures = throughput(server, scenario, examples, REPEATS)
    crashes = sum(one.faults for one in figures) / sum(one.examples for one in figures)
    what += f", {crashes:.2f} crashes each" if crashes else ""
    return _row(what, [one.examples / one.seconds for one in figures], "examples/s", aim, 0)


def _swap(server: Server) -> list[Row]:
    return [_row("a killed actor replaced", swaps(server, 60), "ms", "< 15", 1)]


def _seed(server: Server) -> list[Row]:
    taken = [fixed_programs(server) for _ in range(REPEATS)]
    return [_row("the eight fixed scenarios together", taken, "s", "< 3", 2)]


def _row(what: str, values: Sequence[float], unit: str, aim: str, digits: int) -> Row:
    low, high = min(values), max(values)
    spread = f"{low:.{digits}f} - {high:.{digits}f}" if len(values) > 1 else "once"
    return what, f"{statistics.median(values):.{digits}f} {unit}", spread, aim


if __name__ == "__main__":
    main()
