"""Statements per second through the proxy and without it, by clients in separate processes."""

import statistics
import subprocess
import sys
from itertools import pairwise
from typing import NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict
from rich.table import Table

from benchmarks import figures
from benchmarks.figures import REPEATS, Row
from lock_harness.core.clock import now_ns
from lock_harness.servers import address
from lock_harness.servers.server import Server
from lock_harness.wire.proxy import proxy

STATEMENTS = 5_000  # by each client
WARM_UP = 200


class Pace(NamedTuple):
    """Statements per second of all clients together, and the median time of a statement in microseconds."""

    per_second: float
    us: float


def table(server: Server) -> Table:
    """Measure one client and four clients, directly and through the proxy."""
    rows = [row for clients in (1, 4) for row in _rows(server, clients)]
    return figures.table(f"The proxy; median of {REPEATS} and the range", rows)


def _rows(server: Server, clients: int) -> list[Row]:
    pairs = measure_pairs(server, clients, REPEATS)
    shares = [100 * through.per_second / direct.per_second for direct, through in pairs]
    what = f"{clients} client{'s' * (clients > 1)}"
    return [
        figures.row(f"{what}: SELECT 1", [through.per_second for _, through in pairs], "/s", "", 0),
        figures.row("  of the rate without it", shares, "%", "≥ 50", 0),
        figures.row("  a statement takes longer by", [t.us - d.us for d, t in pairs], "µs", "", 0),
    ]


def measure_pairs(server: Server, clients: int, repeats: int) -> list[tuple[Pace, Pace]]:
    """Measure directly and through the proxy in turns, so that both have the same conditions."""
    options = conninfo_to_dict(server.url)
    where = (str(options.get("host", "localhost")), int(str(options.get("port", 5432))))
    with proxy(where) as running:
        through = address.redirected(server.url, running.host, running.port)
        return [(_measure_pace(server.url, clients), _measure_pace(through, clients)) for _ in range(repeats)]


def _measure_pace(dsn: str, clients: int) -> Pace:
    command = [sys.executable, "-m", "benchmarks.proxy"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(clients)
    ]
    for one in processes:
        # not as an argument, which other users could read
        _write_line(one, dsn)
    for one in processes:
        _read_line(one)
    for one in processes:
        _write_line(one, "go")
    answers = [[float(word) for word in _read_line(one).split()] for one in processes]
    for one in processes:
        one.communicate()
    began, ended, us = zip(*answers, strict=True)
    return Pace(clients * STATEMENTS / (max(ended) - min(began)) * 1e9, statistics.median(us))


def _write_line(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "a client of the benchmark has died"
    return line


def _client() -> None:
    with psycopg.connect(sys.stdin.readline().strip(), autocommit=True) as conn:
        for _ in range(WARM_UP):
            conn.execute("SELECT 1")
        print("ready", flush=True)
        sys.stdin.readline()
        times = [now_ns()]
        for _ in range(STATEMENTS):
            conn.execute("SELECT 1")
            times.append(now_ns())
    taken = [after - before for before, after in pairwise(times)]
    print(times[0], times[-1], statistics.median(taken) / 1000, flush=True)


if __name__ == "__main__":
    _client()
