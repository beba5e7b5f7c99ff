"""A worker that holds a month until it dies: `python -m benchmarks.worker DSN YEAR MONTH STATEMENT`.

It says `held`, then goes on with the statement, or waits idle if that is empty.  A line on its stdin has it
close its connection; just before, it says the time.
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
            with contextlib.suppress(psycopg.OperationalError):  # as was to be
                conn.execute(statement.encode())
        sys.stdin.readline()
        print(now_ns(), flush=True)


if __name__ == "__main__":
    main()
