"""Advisory locks, read from `pg_locks`.

PostgreSQL has two separate spaces of advisory keys.  A bigint key is shown in two halves, the high one in `classid`
and the low one in `objid`, with `objsubid` 1.  A pair of integers is shown with `objsubid` 2.  Locks belong to one
database.  A query that compares only `objid` also counts waiters, other databases, and the pair (0, key).
"""

from typing import Any

import psycopg
from psycopg.rows import class_row

from lock_harness.locks.interface import AdvisoryLock

_ALL = """
SELECT ((l.classid::bigint << 32) | l.objid::bigint) AS lock_key, l.objsubid = 2 AS pair,
       l.pid, l.mode, l.granted, coalesce(a.application_name, '') AS application_name,
       coalesce(host(a.client_addr) || ':' || a.client_port, 'local') AS client,
       a.state_change AS since, coalesce(a.state, 'unknown') AS state
  FROM pg_catalog.pg_locks l
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory'
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
 ORDER BY lock_key, l.granted DESC, l.pid
"""

_HELD = """
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_locks
   WHERE locktype = 'advisory' AND granted AND objsubid = 1
     AND classid::bigint = %(key)s::bigint >> 32 AND objid::bigint = %(key)s::bigint & 4294967295
     AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
"""

# a pid identifies a session, so the database needs no comparison
_HELD_HERE = """
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_locks
   WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid = pg_catalog.pg_backend_pid()
     AND classid::bigint = %(key)s::bigint >> 32 AND objid::bigint = %(key)s::bigint & 4294967295)
"""


def advisory_locks(conn: psycopg.Connection[Any]) -> list[AdvisoryLock]:
    """Return all advisory locks of the connection's database, for each key the held ones before the waiting ones."""
    with conn.cursor(row_factory=class_row(AdvisoryLock)) as cursor:
        return cursor.execute(_ALL).fetchall()


def is_held_here(conn: psycopg.Connection[Any], key: int) -> bool:
    """Return whether the session of `conn` holds the non-negative bigint `key`."""
    row = conn.execute(_HELD_HERE, {"key": key}).fetchone()
    return bool(row and row[0])


def is_held(conn: psycopg.Connection[Any], key: int) -> bool:
    """Return whether any session of this database holds the non-negative bigint `key`."""
    row = conn.execute(_HELD, {"key": key}).fetchone()
    return bool(row and row[0])
