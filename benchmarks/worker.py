"""A worker that holds a month until it dies: `python -m benchmarks.worker DSN YEAR MONTH STATEMENT`.

When it holds the month, it prints `held` and runs the statement; with an empty statement it stays idle.  When it
reads a line from stdin, it prints the time and closes its connection.
"""

import contextlib
import sys

import psycopg

from lock_harness.core.clock import now_ns
from lock_harness.locks.month_lock import acquire_month_lock
from lock_harness.servers import address

NAME = "lock-harness/release/{}-{}"


def main() -> None:
    dsn, year, month, statement = sys.argv[1:]
    with address.connect(dsn, NAME.format(year, month)) as conn:
        assert acquire_month_lock(conn, int(year), int(month), 0)
        print("held", flush=True)
        if statement:
            # The benchmark ends the session while the statement runs.
            with contextlib.suppress(psycopg.OperationalError):
                conn.execute(statement.encode())
        sys.stdin.readline()
        print(now_ns(), flush=True)


if __name__ == "__main__":
    main()
