"""The command: `python -m benchmarks [TABLE ...] [--pg URL]` measures and prints tables of figures."""

import argparse
import sys
from collections.abc import Callable
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks import checker, first_finding, gate, lockstep, orders, proxy, race, release_times, startup
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
    "startup": lambda _: startup.table(),
    "checker": lambda _: checker.table(),
    "first_finding": lambda _: first_finding.table(),
}


def main() -> int:
    """Print the tables that the arguments name, or all tables, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the harness and print tables of figures."
    )
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"{', '.join(TABLES)}; without a name, all tables"
    )
    parser.add_argument("--pg", help="the server to use, with the same values as for `lock-harness run`")
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
            raise UserError(f"there is no table {name!r}: use one of {', '.join(TABLES)}")
    console = Console(highlight=False, width=120)
    began = perf_counter()
    with open_server(choice) as server:
        ready_s = perf_counter() - began
        console.print(facts(str(server)) + f", started in {ready_s:.2f} s", soft_wrap=True)
        for name in names:
            console.print(TABLES[name](server))


if __name__ == "__main__":
    sys.exit(main())
