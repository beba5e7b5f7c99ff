"""Examines an address: whether session locks work there, and whether the harness can observe them."""

import statistics
import time
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import psycopg

from lock_harness.core.errors import UserError, one_line
from lock_harness.locks.month_lock import Connection, years_in_use
from lock_harness.servers import address
from lock_harness.servers.connections import connection_limits
from lock_harness.servers.lease import SPACE
from lock_harness.servers.pooler import shared_sessions
from lock_harness.servers.years import BLOCK, DEFAULT_YEARS

Level = Literal["good", "note", "bad"]
FUNCTIONS = ("pg_try_advisory_lock(bigint)", "pg_advisory_unlock(bigint)")
ROUND_TRIPS = 50
# the observer and the spares of the pool
BESIDES_ACTORS = 3
# the most actors of a scenario that is not on request
MOST_ACTORS = 32


class Diagnosis(NamedTuple):
    """One line of the report; the level `bad` means that locks cannot be trusted at that address."""

    level: Level
    subject: str
    text: str


def examine(dsn: str) -> Iterator[Diagnosis]:
    """Yield the diagnoses of the server that `dsn` names; raise `UserError` if it cannot be reached."""
    began = time.perf_counter()
    with address.connect(dsn, "lock-harness doctor") as conn:
        took = (time.perf_counter() - began) * 1000
        version = conn.info.parameter_status("server_version")
        text = f"PostgreSQL {version} at {address.display_name(dsn)}, connected in {took:.0f} ms"
        yield Diagnosis("good", "reachable", text)
        yield _sessions(dsn)
        try:
            yield _rights(conn)
            yield _primary(conn)
            yield _round_trip(conn)
            yield _free_months(conn)
            yield _connections(conn)
            yield from _settings(conn)
        except psycopg.Error as error:
            yield Diagnosis("bad", "answers", address.redact(one_line(error), dsn))


def _sessions(dsn: str) -> Diagnosis:
    try:
        why = shared_sessions(dsn)
    except (psycopg.Error, UserError) as error:
        return Diagnosis("bad", "sessions", address.redact(one_line(error), dsn))
    if why is None:
        return Diagnosis("good", "sessions", "each client keeps its own backend, so session locks can work")
    return Diagnosis("bad", "sessions", f"a transaction pooler: {why}; session locks do not work through it")


def _fetch_value(conn: Connection, query: str, *values: object) -> Any:
    row = conn.execute(query, values, prepare=False).fetchone()
    return row[0] if row else None


def _rights(conn: Connection) -> Diagnosis:
    missing = [
        name
        for name in FUNCTIONS
        if not _fetch_value(conn, "SELECT has_function_privilege(%s, 'execute')", name)
    ]
    if missing:
        return Diagnosis("bad", "rights", f"this user may not call {', '.join(missing)}")
    named = _fetch_value(
        conn, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lock-harness doctor'"
    )
    if not named:
        return Diagnosis("bad", "rights", "sessions cannot be identified: application_name is not passed on")
    return Diagnosis("good", "rights", "this user may take advisory locks and see its own sessions")


def _primary(conn: Connection) -> Diagnosis:
    if _fetch_value(conn, "SELECT pg_is_in_recovery()"):
        return Diagnosis(
            "bad", "primary", "a standby server: its advisory locks are not those of the primary"
        )
    return Diagnosis("good", "primary", "not a standby")


def _round_trip(conn: Connection) -> Diagnosis:
    times = []
    for _ in range(ROUND_TRIPS):
        began = time.perf_counter()
        conn.execute("SELECT 1", prepare=False)
        times.append((time.perf_counter() - began) * 1000)
    text = (
        f"{statistics.median(times):.2f} ms per statement (median of {ROUND_TRIPS}, worst {max(times):.2f})"
    )
    return Diagnosis("good", "round trip", text)


def _connections(conn: Connection) -> Diagnosis:
    limits = connection_limits(conn)
    # the session of this command ends before a run begins
    fit = max(0, min(limit.free for limit in limits) + 1 - BESIDES_ACTORS)
    maximum = _fetch_value(conn, "SHOW max_connections")
    server, *others = limits
    parts = [
        f"{server.subject} has {maximum}, of which {int(maximum) - server.most} are reserved and {server.used} used",
        *(f"{limit.subject} may have {limit.most}, of which {limit.used} are used" for limit in others),
    ]
    text = f"{'; '.join(parts)}; up to {fit} actors fit"
    if fit < MOST_ACTORS:
        text += ", and scenarios with more are skipped"
    return Diagnosis("good" if fit >= MOST_ACTORS else "note", "connections", text)


def _free_months(conn: Connection) -> Diagnosis:
    starts = range(DEFAULT_YEARS.first, DEFAULT_YEARS.last, BLOCK)
    query = "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %s"
    leased = {int(row[0]) for row in conn.execute(query, (SPACE,), prepare=False)}
    foreign = {year - (year - DEFAULT_YEARS.first) % BLOCK for year in years_in_use(conn, *DEFAULT_YEARS)}
    blocks, busy = len(starts), len({*starts} & (leased | foreign))
    text = f"{blocks - busy} of {blocks} blocks of months in {DEFAULT_YEARS} are free for test runs"
    return Diagnosis("good" if busy < blocks else "note", "months", text)


def _settings(conn: Connection) -> Iterator[Diagnosis]:
    query = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
    names = [
        "client_connection_check_interval",
        "tcp_keepalives_idle",
        "idle_session_timeout",
        "idle_in_transaction_session_timeout",
        "lock_timeout",
        "statement_timeout",
    ]
    found = dict(conn.execute(query, (names,), prepare=False).fetchall())
    if found.get("client_connection_check_interval") == "0":
        text = "client_connection_check_interval is 0: the death of a client during a statement is noticed only at its end"
        yield Diagnosis("note", "dead clients", text)
    if int(found.get("idle_session_timeout", 0)):
        text = f"idle_session_timeout ends idle sessions, and their locks, after {found['idle_session_timeout']} ms"
        yield Diagnosis("bad", "idle sessions", text)
    if idle_ms := int(found.get("idle_in_transaction_session_timeout", 0)):
        text = f"idle_in_transaction_session_timeout ends a lock that keeps a transaction open, after {idle_ms} ms"
        yield Diagnosis("note", "transactions", text)
    if statement_ms := int(found.get("statement_timeout", 0)):
        text = f"statement_timeout of {statement_ms} ms: a blocking pg_advisory_lock raises after it"
        yield Diagnosis("note", "statement_timeout", text)
    if int(found.get("lock_timeout", 0)):
        text = f"lock_timeout of {found['lock_timeout']} ms: a blocking pg_advisory_lock raises after it"
        yield Diagnosis("note", "lock_timeout", text)
