"""Measure, and print the figures with the machine's facts: `python -m benchmarks [TABLE ...] [--pg URL]`."""

import argparse
import sys
from collections.abc import Callable
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks import checker, gate, lockstep, orders, proxy, race, release_times
from benchmarks.machine import facts
from lock_harness.core.errors import HarnessError, UserError
from lock_harness.servers.providers import open_server
from lock_harness.servers.server import Server

TABLES: dict[str, Callable[[Server], Table]] = {
    "lockstep": lockstep.table,
    "race": race.table,
    "gate": gate.table,
    "orders": orders.table,
    "proxy": proxy.table,
    "release": release_times.table,
    "checker": lambda _: checker.table(),
}


def main() -> int:
    """Print the tables that were asked for, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, and print the figures."
    )
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"{', '.join(TABLES)}; all if none is named"
    )
    parser.add_argument("--pg", help="the server, as for lock-harness run")
    options = parser.parse_args()
    try:
        _print(options.tables or list(TABLES), options.pg)
    except HarnessError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _print(names: list[str], choice: str | None) -> None:
    for name in names:
        if name not in TABLES:
            raise UserError(f"no table {name!r}: there are {', '.join(TABLES)}")
    console = Console(highlight=False, width=120)
    began = perf_counter()
    with open_server(choice) as server:
        ready_s = perf_counter() - began
        console.print(facts(str(server)) + f", ready in {ready_s:.2f} s", soft_wrap=True)
        for name in names:
            console.print(TABLES[name](server))


if __name__ == "__main__":
    sys.exit(main())
