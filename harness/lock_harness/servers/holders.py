"""Which sessions of a server hold advisory locks, and how to end such a session, for a month that is stuck."""

from datetime import datetime
from typing import Any

import psycopg

from lock_harness.core.errors import UserError, one_line
from lock_harness.locks.catalogue import advisory_locks
from lock_harness.locks.interface import AdvisoryLock, LockEntry

# pg_locks has the column waitstart since PostgreSQL 14, so it is read by way of JSON
_ENTRIES = """
SELECT ((l.classid::bigint << 32) | l.objid::bigint) AS lock_key, l.objsubid = 2 AS pair,
       l.pid, l.mode, l.granted, coalesce(a.application_name, '') AS application_name,
       coalesce(host(a.client_addr) || ':' || a.client_port, 'local') AS client,
       a.state_change AS since, coalesce(a.state, 'unknown') AS state,
       coalesce(d.datname, '') AS database,
       CASE WHEN l.granted THEN '{}' ELSE pg_catalog.pg_blocking_pids(l.pid) END AS blocked_by,
       (pg_catalog.to_jsonb(l) ->> 'waitstart')::timestamptz AS waiting_since,
       a.backend_start AS session_began
  FROM pg_catalog.pg_locks l
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  LEFT JOIN pg_catalog.pg_database d ON d.oid = l.database
 WHERE l.locktype = 'advisory' AND l.pid <> pg_catalog.pg_backend_pid()
   AND (%(everywhere)s OR d.datname = current_database())
 ORDER BY database, lock_key, pair, l.granted DESC, waiting_since, l.pid
"""
_LOCK_COLUMNS = len(AdvisoryLock.__struct_fields__)


def lock_entries(conn: psycopg.Connection[Any], *, everywhere: bool) -> list[LockEntry]:
    """Return the advisory locks of the connection's database, or of all, for each key in the order in which it is granted.

    Those of the connection itself are left out.
    """
    rows = conn.execute(_ENTRIES, {"everywhere": everywhere}).fetchall()
    return [
        LockEntry(AdvisoryLock(*row[:_LOCK_COLUMNS]), database, tuple(blocked_by), waiting_since, began)
        for row in rows
        for database, blocked_by, waiting_since, began in [row[_LOCK_COLUMNS:]]
    ]


def clock_of(conn: psycopg.Connection[Any]) -> datetime:
    """Return the time of the server's clock, which its times are compared with."""
    row = conn.execute("SELECT pg_catalog.clock_timestamp()").fetchone()
    assert row is not None
    time: datetime = row[0]
    return time


def holder(conn: psycopg.Connection[Any], pid: int) -> AdvisoryLock:
    """Return a lock that session `pid` holds or waits for; raise `UserError` if there is none."""
    for lock in advisory_locks(conn):
        if lock.pid == pid != conn.info.backend_pid:
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
