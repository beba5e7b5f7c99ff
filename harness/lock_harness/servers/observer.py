"""The observer: reads from the server's catalogues which sessions exist, and which locks they hold or wait for.

Sessions are identified by their application_name.
"""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg import sql
from psycopg.errors import LockNotAvailable

from lock_harness.servers import address
from lock_harness.servers.connections import ConnectionLimit, tightest_limit


class SessionLock(NamedTuple):
    """A session with one of its advisory locks; `key` is None if the session has none."""

    name: str
    pid: int
    key: str | None
    granted: bool


class Backend(NamedTuple):
    """One connection of a session, as the server's process."""

    name: str
    pid: int


class Activity(NamedTuple):
    """The activity of a session, which changes with every statement."""

    statement_began: object
    quiet: bool


_LOCKS = """
SELECT a.application_name, a.pid, l.classid || ':' || l.objid || ':' || l.objsubid, coalesce(l.granted, false)
  FROM pg_catalog.pg_stat_activity a
  LEFT JOIN pg_catalog.pg_locks l
    ON l.pid = a.pid AND l.locktype = 'advisory' AND l.database = a.datid
 WHERE a.application_name = ANY(%s) AND a.datname = current_database()
"""

_ALIVE = """
SELECT a.application_name FROM pg_catalog.pg_stat_activity a WHERE a.application_name = ANY(%s)
"""

_BACKENDS = """
SELECT a.application_name, a.pid FROM pg_catalog.pg_stat_activity a WHERE a.application_name = ANY(%s)
"""

_ACTIVITY = """
SELECT a.query_start, a.state <> 'active' OR a.wait_event_type = 'Lock'
  FROM pg_catalog.pg_stat_activity a WHERE a.application_name = %s
"""

_TERMINATE = """
SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
 WHERE a.application_name = %s AND a.datname = current_database()
"""

_CANCEL = """
SELECT pg_catalog.pg_cancel_backend(a.pid) FROM pg_catalog.pg_stat_activity a
 WHERE a.application_name = %s AND a.datname = current_database()
"""

# objects that initdb created have an oid below 16384
_PRISTINE = """
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts WHERE database = current_database())
   AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_locks
        WHERE locktype = 'advisory' AND pid <> pg_catalog.pg_backend_pid()
          AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
"""

_TABLES = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND n.nspname <> 'pg_toast'
"""


class Observer:
    """Queries the server over a connection of its own, never over one of the lock under test."""

    def __init__(self, dsn: str, application_name: str) -> None:
        self._address = dsn, application_name
        self.conn = address.connect_without_timeouts(dsn, application_name)

    def close(self) -> None:
        self.conn.close()

    def reconnect(self) -> None:
        """Connect again after a restart of the server."""
        self.conn.close()
        self.conn = address.connect_without_timeouts(*self._address)

    def locks(self, sessions: Sequence[str]) -> list[SessionLock]:
        """Return one row for each advisory lock of these sessions, and one for each session without locks."""
        rows = self.conn.execute(_LOCKS, (list(sessions),), prepare=True).fetchall()
        return [SessionLock(*row) for row in rows]

    def alive(self, sessions: Sequence[str]) -> frozenset[str]:
        """Return those of `sessions` that exist on the server."""
        rows = self.conn.execute(_ALIVE, (list(sessions),), prepare=True).fetchall()
        return frozenset(row[0] for row in rows)

    def backends(self, sessions: Sequence[str]) -> frozenset[Backend]:
        """Return the connections of `sessions` that exist on the server."""
        rows = self.conn.execute(_BACKENDS, (list(sessions),), prepare=True).fetchall()
        return frozenset(Backend(*row) for row in rows)

    def terminate(self, session: str) -> bool:
        """End all connections of a session of the harness; return False if there is none of that name."""
        assert session.startswith("lock-harness/")
        return bool(self.conn.execute(_TERMINATE, (session,)).fetchall())

    def cancel(self, session: str) -> bool:
        """Cancel the statements of a session of the harness; return False if there is none of that name."""
        assert session.startswith("lock-harness/")
        return bool(self.conn.execute(_CANCEL, (session,)).fetchall())

    def is_pristine(self) -> bool:
        """Return whether this database has no user objects, and no other session has an advisory lock in it."""
        row = self.conn.execute(_PRISTINE, prepare=True).fetchone()
        return bool(row and row[0])

    def drop_tables(self, within_ms: int) -> bool:
        """Drop all tables of this private database; return False if a session uses one of them for `within_ms`."""
        names = [sql.Identifier(*row) for row in self.conn.execute(_TABLES).fetchall()]
        try:
            with self.conn.transaction():
                self.conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(within_ms))
                for name in names:
                    self.conn.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(name))
        except LockNotAvailable:
            return False
        return True

    def connection_limit(self) -> ConnectionLimit:
        """Return the limit on the number of sessions that is reached first."""
        return tightest_limit(self.conn)

    def activity(self, session: str) -> Activity | None:
        """Return the activity of a session; None if there is none of that name."""
        row = self.conn.execute(_ACTIVITY, (session,), prepare=True).fetchone()
        return Activity(row[0], bool(row[1])) if row else None
