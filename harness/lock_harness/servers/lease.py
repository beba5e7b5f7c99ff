"""A lease of months that only one harness uses, on a server that may have other users.

Two harnesses that test on one database must not use the same months.  Each holds an advisory lock on a block of
years while its connection is open.  The lock's key is a pair of integers, which cannot equal a bigint key.  Nothing is
created on the server, and the server releases the block when the harness dies.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg

from lock_harness.core.errors import NoRoom
from lock_harness.locks.month_lock import years_in_use
from lock_harness.servers.years import BLOCK, Years

SPACE = 0x10C4A12  # the first integer of the pair; the second is the block's first year
SETUP = 0  # the second integer of the pair while a lock prepares the database


def lease(conn: psycopg.Connection[Any], years: Years) -> Years:
    """Return two adjacent years that no other harness on this database uses while `conn` is open.

    No session of the database holds one of their months now: such a hold would look like a failure of the lock
    under test.
    """
    for first in range(years.first, years.last - BLOCK + 2, BLOCK):
        row = conn.execute("SELECT pg_catalog.pg_try_advisory_lock(%s, %s)", (SPACE, first)).fetchone()
        if row and row[0]:
            block = Years(first, first + BLOCK - 1)
            if not years_in_use(conn, *block):
                return block
            conn.execute("SELECT pg_catalog.pg_advisory_unlock(%s, %s)", (SPACE, first))
    raise NoRoom(
        f"all years of {years} are in use on this database by other sessions ('lock-harness locks' lists them): "
        "widen the range with --years 2000-2099, or use fewer lanes with -n"
    )


@contextlib.contextmanager
def setup_turn(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Let only one harness at a time prepare this database: concurrent `CREATE TABLE IF NOT EXISTS` may fail."""
    conn.execute("SELECT pg_catalog.pg_advisory_lock(%s, %s)", (SPACE, SETUP))
    try:
        yield
    finally:
        conn.execute("SELECT pg_catalog.pg_advisory_unlock(%s, %s)", (SPACE, SETUP))
