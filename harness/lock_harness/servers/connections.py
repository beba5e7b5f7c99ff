"""How many more sessions a server accepts: the limits of the server, of the role and of the database."""

import re
from typing import Any, NamedTuple

import psycopg

_LIMITS = """
SELECT current_setting('max_connections')::int AS most,
       current_setting('superuser_reserved_connections')::int
         + coalesce(current_setting('reserved_connections', true), '0')::int AS reserved,
       (SELECT sum(numbackends)::int FROM pg_catalog.pg_stat_database) AS used,
       role.rolname, CASE WHEN role.rolsuper THEN -1 ELSE role.rolconnlimit END AS role_limit,
       (SELECT count(*)::int FROM pg_catalog.pg_stat_activity WHERE usesysid = role.oid) AS role_used,
       db.datname, CASE WHEN role.rolsuper THEN -1 ELSE db.datconnlimit END AS database_limit,
       (SELECT numbackends FROM pg_catalog.pg_stat_database WHERE datid = db.oid) AS database_used
  FROM pg_catalog.pg_roles role, pg_catalog.pg_database db
 WHERE role.rolname = session_user AND db.datname = current_database()
"""

# The message of a server in another language is not recognised; then the run ends with the error of the session.
_REFUSAL = re.compile(r"too many (clients|connections)|connection slots are reserved")


class ConnectionLimit(NamedTuple):
    """A limit on the number of sessions.

    Attributes:
        subject: The server, the role or the database.
        most: How many sessions an ordinary user can have open at once.
        used: How many of them are open now.
        remedy: How to raise the limit.
    """

    subject: str
    most: int
    used: int
    remedy: str

    @property
    def free(self) -> int:
        """How many more sessions can be opened now."""
        return max(0, self.most - self.used)


def connection_limits(conn: psycopg.Connection[Any]) -> list[ConnectionLimit]:
    """Return the limit of the server, and those of the role and the database if they have one.

    The connections that the server reserves count as taken, also for a role that may use them.  PostgreSQL does not
    apply the limits of roles and databases to superusers.
    """
    row = conn.execute(_LIMITS, prepare=False).fetchone()
    assert row is not None
    most, reserved, used, role, role_limit, role_used, database, database_limit, database_used = row
    limits = [ConnectionLimit("the server", most - reserved, used, "its max_connections")]
    if role_limit >= 0:
        limits.append(ConnectionLimit(f"the role {role}", role_limit, role_used, "its CONNECTION LIMIT"))
    if database_limit >= 0:
        remedy = "its CONNECTION LIMIT"
        limits.append(ConnectionLimit(f"the database {database}", database_limit, database_used, remedy))
    return limits


def tightest_limit(conn: psycopg.Connection[Any]) -> ConnectionLimit:
    """Return the limit that is reached first."""
    return min(connection_limits(conn), key=lambda limit: limit.free)


def is_refusal(message: str) -> bool:
    """Return whether the error of a session says that the server has no connection left for it."""
    return bool(_REFUSAL.search(message))
