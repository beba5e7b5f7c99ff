"""Which sessions of a server hold advisory locks, and how to end such a session, for a month that is stuck."""

from typing import Any

import psycopg

from lock_harness.core.errors import UserError, one_line
from lock_harness.locks.catalogue import advisory_locks
from lock_harness.locks.interface import AdvisoryLock


def all_locks(conn: psycopg.Connection[Any]) -> list[AdvisoryLock]:
    """Return the advisory locks of the connection's database, except those of the connection itself."""
    return [lock for lock in advisory_locks(conn) if lock.pid != conn.info.backend_pid]


def holder(conn: psycopg.Connection[Any], pid: int) -> AdvisoryLock:
    """Return a lock that session `pid` holds or waits for; raise `UserError` if there is none."""
    for lock in all_locks(conn):
        if lock.pid == pid:
            return lock
    raise UserError(
        f"pid {pid} has no advisory lock in this database: 'lock-harness locks' lists all holders"
    )


def terminate(conn: psycopg.Connection[Any], pid: int) -> bool:
    """End the session `pid`, which releases its locks; return False if there is no such session.

    `pg_advisory_unlock_all()` would not help: it releases only the locks of the session that calls it.
    """
    try:
        row = conn.execute("SELECT pg_catalog.pg_terminate_backend(%s)", (pid,)).fetchone()
    except psycopg.errors.InsufficientPrivilege as error:
        raise UserError(
            f"cannot end pid {pid}: {one_line(error)}; connect as its user or a superuser"
        ) from None
    return bool(row and row[0])
