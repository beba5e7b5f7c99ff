"""The proxy in front of a live server: the effects of network faults on a client and on the server."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from lock_harness.core.clock import now_ns
from lock_harness.core.fault import NetworkFault
from lock_harness.servers import address
from lock_harness.servers.server import Server, private_database
from lock_harness.wire.network import LATENCY_NS, why_unavailable
from lock_harness.wire.proxy import Proxy, proxy
from tests.frontends.command import within
from tests.live.conftest import Connection

NAME = "lock-harness/wire/a0"
KEY = 209001
SOON_S = 30
NEVER_S = 0.3

ends = pytest.mark.skipif(bool(why_unavailable("half_open")), reason=str(why_unavailable("half_open")))


class World:
    """A private database, a proxy in front of it, and a connection that observes it without the proxy."""

    def __init__(self, running: Proxy, dsn: str, watcher: Connection, stack: ExitStack) -> None:
        self.proxy = running
        self.dsn = address.named(address.redirected(dsn, running.host, running.port), NAME)
        self._watcher = watcher
        self._stack = stack

    def client(self) -> Connection:
        return self._stack.enter_context(psycopg.connect(self.dsn, autocommit=True))

    def later(self, conn: Connection, query: str) -> "Future[Any]":
        """Run the query in a thread."""
        executor = ThreadPoolExecutor(1)
        # the query ends with the proxy at the latest
        self._stack.callback(executor.shutdown, wait=False)
        return executor.submit(lambda: conn.execute(query).fetchall())

    def ask(self, query: str, *values: object) -> Any:
        row = self._watcher.execute(query, values).fetchone()
        return row[0] if row else None

    def held(self) -> bool:
        """Return whether the server shows that a session holds the lock."""
        return bool(self.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"))

    def busy(self) -> bool:
        """Return whether a session of the client runs a statement."""
        active = "SELECT bool_or(state = 'active') FROM pg_stat_activity WHERE application_name = %s"
        return bool(self.ask(active, NAME))

    def gone(self) -> bool:
        return not self.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", NAME)


@contextmanager
def world(server: Server, place: Path | None = None) -> Iterator[World]:
    with ExitStack() as stack:
        private = stack.enter_context(private_database(server, "wire"))
        dsn = private.dsn if place else private.url
        options = conninfo_to_dict(dsn)
        host, port = str(options["host"]), int(str(options["port"]))
        where = f"{host}/.s.PGSQL.{port}" if place else (host, port)
        watcher = stack.enter_context(address.connect(private.dsn, "watcher"))
        running = stack.enter_context(proxy(where, place))
        yield World(running, dsn, watcher, stack)


@pytest.fixture
def wire(our_server: Server) -> Iterator[World]:
    with world(our_server) as one:
        yield one


@pytest.fixture(params=["tcp", "unix"])
def either(our_server: Server, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(our_server, tmp_path if request.param == "unix" else None) as one:
        yield one


@pytest.fixture
def holder(wire: World) -> Connection:
    """A client that holds the lock."""
    return lock(wire.client())


def lock(conn: Connection) -> Connection:
    conn.execute("SELECT pg_advisory_lock(%s)", (KEY,))
    return conn


TEXTS = [b"x", b"\0\1" * 50_000, bytes(range(256)) * 8000]


def echo(conn: Connection, data: bytes) -> bytes:
    row = conn.execute("SELECT %b::bytea", (data,), binary=True).fetchone()
    assert row is not None
    return bytes(row[0])


# A healthy network


def test_statements_of_every_size_pass_through_the_proxy(either: World) -> None:
    conn = either.client()
    for data in TEXTS:
        assert echo(conn, data) == data
    with pytest.raises(psycopg.errors.DivisionByZero):
        conn.execute("SELECT 1/0")
    with conn.cursor() as cursor, cursor.copy("COPY (SELECT generate_series(1, 100000)) TO STDOUT") as copy:
        assert [int(row[0]) for row in copy.rows()] == list(range(1, 100_001))


def test_a_client_that_requires_encryption_is_refused(wire: World) -> None:
    with pytest.raises(psycopg.OperationalError, match="server does not support SSL"):
        psycopg.connect(address.with_options(wire.dsn, sslmode="require"))


def test_a_client_that_prefers_encryption_connects_without(wire: World) -> None:
    with psycopg.connect(address.with_options(wire.dsn, sslmode="prefer")) as conn:
        assert not conn.pgconn.ssl_in_use


def test_a_statement_can_be_cancelled_through_the_proxy(wire: World) -> None:
    conn = wire.client()
    sleeping = wire.later(conn, "SELECT pg_sleep(300)")
    assert within(SOON_S, wire.busy)
    conn.cancel()
    with pytest.raises(psycopg.errors.QueryCanceled):
        sleeping.result(SOON_S)
    assert echo(conn, b"still here") == b"still here"


def test_a_connection_error_of_the_server_reaches_the_client(wire: World) -> None:
    with pytest.raises(psycopg.OperationalError, match='database "nowhere" does not exist'):
        psycopg.connect(address.with_options(wire.dsn, dbname="nowhere"))


# Clients that are killed

CLIENT = """
import signal, sys, psycopg
conn = psycopg.connect(sys.argv[1], autocommit=True)
conn.execute("SELECT pg_advisory_lock(%s)", [int(sys.argv[2])])
if sys.argv[3] == "unread":
    conn.pgconn.send_query(b"SELECT repeat('x', 100000)")
print("ready", flush=True)
signal.pause()
"""


@contextmanager
def process_with_the_lock(wire: World, how: str = "idle") -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", CLIENT, wire.dsn, str(KEY), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("how", ["idle", "unread"])
def test_a_killed_client_frees_its_lock(either: World, how: str) -> None:
    with process_with_the_lock(either, how) as process:
        assert either.held()
        process.send_signal(signal.SIGKILL)
        assert within(SOON_S, lambda: not either.held())


@ends
def test_a_killed_client_keeps_its_lock_while_the_network_is_half_open(wire: World) -> None:
    with process_with_the_lock(wire) as process:
        assert wire.proxy.inject(NAME, "half_open")
        process.kill()
        process.wait()
        assert not within(NEVER_S, lambda: not wire.held())
        assert wire.proxy.heal(NAME)
        assert within(SOON_S, lambda: not wire.held())


# The server's side


@ends
def test_keepalives_of_the_server_detect_a_half_open_client(wire: World, holder: Connection) -> None:
    for setting, value in (("idle", 1), ("interval", 1), ("count", 2)):
        holder.execute(f"SET tcp_keepalives_{setting} = {value}")
    assert wire.proxy.inject(NAME, "half_open")
    assert within(SOON_S, lambda: not wire.held())


@ends
def test_the_connection_check_of_the_server_does_not_detect_a_half_open_client(
    wire: World, holder: Connection
) -> None:
    holder.execute("SET client_connection_check_interval = 10")
    holder.execute("SET tcp_keepalives_idle = 0")
    assert wire.proxy.inject(NAME, "half_open")
    holder.close()
    assert not within(NEVER_S, lambda: not wire.held())


@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_the_connection_check_of_the_server_ends_a_waiting_session_whose_connection_breaks(
    wire: World, holder: Connection, kind: NetworkFault
) -> None:
    conn = wire.client()
    conn.execute("SET client_connection_check_interval = 10")
    waiting = wire.later(conn, f"SELECT pg_advisory_lock({KEY})")
    assert within(SOON_S, wire.busy)
    assert wire.proxy.inject(NAME, kind)
    with pytest.raises(psycopg.OperationalError):
        waiting.result(SOON_S)
    holder.close()
    assert within(SOON_S, wire.gone)
    assert not wire.held()


# The client's side


@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_a_broken_connection_frees_the_lock_and_fails_the_next_statement(
    wire: World, holder: Connection, kind: NetworkFault
) -> None:
    assert wire.proxy.inject(NAME, kind)
    assert within(SOON_S, lambda: not wire.held())
    with pytest.raises(psycopg.OperationalError):
        holder.execute("SELECT 1")


def test_a_deaf_client_is_granted_a_lock_without_noticing(wire: World) -> None:
    conn = wire.client()
    assert wire.proxy.inject(NAME, "deaf")
    acquiring = wire.later(conn, f"SELECT pg_advisory_lock({KEY})")
    assert within(SOON_S, wire.held)
    assert not within(NEVER_S, acquiring.done)
    assert wire.proxy.heal(NAME)
    with pytest.raises(psycopg.OperationalError):
        acquiring.result(SOON_S)
    assert within(SOON_S, lambda: not wire.held())


def test_a_mute_client_receives_but_its_requests_are_lost(wire: World, holder: Connection) -> None:
    holder.execute("LISTEN news")
    assert wire.proxy.inject(NAME, "mute")
    wire.ask("SELECT pg_notify('news', 'hello')")
    assert [news.payload for news in holder.notifies(timeout=SOON_S, stop_after=1)] == ["hello"]
    releasing = wire.later(holder, f"SELECT pg_advisory_unlock({KEY})")
    assert not within(NEVER_S, lambda: not wire.held() or releasing.done())
    assert wire.proxy.heal(NAME)
    with pytest.raises(psycopg.OperationalError):
        releasing.result(SOON_S)
    assert within(SOON_S, lambda: not wire.held())


def test_a_slow_client_gets_every_byte_late(either: World) -> None:
    conn = either.client()
    assert either.proxy.inject(NAME, "slow")
    began = now_ns()
    assert [echo(conn, data) for data in TEXTS[:2]] == TEXTS[:2]
    assert now_ns() - began >= 2 * 2 * LATENCY_NS
    assert either.proxy.heal(NAME)
    assert [echo(conn, data) for data in TEXTS] == TEXTS
