"""frontrun, which also runs SQL statements of real processes in many orders: how many it runs per second.

It patches psycopg when it is imported, so it runs in a process of its own: `python -m benchmarks.peer`, with a
connection string and a number of seconds on standard input.
"""

import importlib.util
import subprocess
import sys
from time import perf_counter
from typing import Any

import psycopg

STATEMENTS = (
    "SELECT pg_try_advisory_lock(209001)",
    "SELECT n FROM counts WHERE key = 1",
    # frontrun does not know that advisory locks conflict, so the processes need a conflict that it knows
    "UPDATE counts SET n = n + 1 WHERE key = 1",
    "SELECT pg_advisory_unlock(209001)",
    "SELECT pg_try_advisory_lock(209002)",
    "SELECT n FROM counts WHERE key = 2",
    "SELECT pg_advisory_unlock(209002)",
)
PROCESSES = 3
_connections: dict[str, psycopg.Connection[Any]] = {}


def installed() -> bool:
    return importlib.util.find_spec("frontrun") is not None


def schedules_per_second(dsn: str, seconds: float) -> float:
    """Return the number of orders per second, from the first order to the last."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peer"],
        input=f"{dsn}\n{seconds}\n",
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.split()[-1])


def work(dsn: str) -> None:
    """Execute the statements of one process, on a connection that is kept from one order to the next."""
    if dsn not in _connections:
        _connections[dsn] = psycopg.connect(dsn, autocommit=True)
    for statement in STATEMENTS:
        _connections[dsn].execute(statement)


def _explore(dsn: str, seconds: float) -> float:
    import frontrun  # noqa: PLC0415 - it patches psycopg

    began: list[float] = []
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS counts (key int PRIMARY KEY, n int)")
        conn.execute("INSERT INTO counts VALUES (1, 0), (2, 0) ON CONFLICT DO NOTHING")
        frontrun.explore_processes(
            [frontrun.Subprocess("benchmarks.peer:work", (dsn,)) for _ in range(PROCESSES)],
            setup=lambda: began.append(perf_counter()),
            invariant=lambda _: True,
            preemption_bound=None,
            total_timeout=seconds,
            reuse_workers=True,
        )
        conn.execute("DROP TABLE counts")
    return (len(began) - 1) / (began[-1] - began[0])


if __name__ == "__main__":
    print(_explore(sys.stdin.readline().strip(), float(sys.stdin.readline())))
