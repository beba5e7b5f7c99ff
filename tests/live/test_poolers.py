"""Poolers: the harness's PgBouncer, its effect on sessions, and the diagnoses of the doctor."""

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from lock_harness.core.errors import UserError
from lock_harness.core.program import Month, Pooler
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.exploration.executor import run, with_first_year
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.steps import acquire, crash, program, reopen
from lock_harness.servers import address
from lock_harness.servers.doctor import Diagnosis, examine
from lock_harness.servers.embedded import postmaster
from lock_harness.servers.observer import Observer
from lock_harness.servers.pgbouncer import pgbouncer, why_unavailable
from lock_harness.servers.pooler import shared_sessions
from lock_harness.servers.providers import open_server
from lock_harness.servers.server import Server, private_database
from tests.frontends.command import within
from tests.live.conftest import Connection, one, processes_in

KEY = 208007
POOLERS: list[dict[str, str]] = [
    {},
    {"pool_mode": "statement"},
    {"server_round_robin": "0"},
    {"server_round_robin": "0", "min_pool_size": "0"},
]


@contextmanager
def pooled(
    server: Server, mode: Pooler, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Server]:
    if why := why_unavailable():
        pytest.skip(why)
    with pgbouncer(server, mode, settings) as through:
        yield through


# The harness's PgBouncer


def test_pgbouncer_serves_databases_that_are_created_later(our_server: Server) -> None:
    with pooled(our_server, "session") as server, private_database(server, "comes_later") as private:
        for way in (private.dsn, private.url):
            with address.connect(way, "test") as conn:
                assert one(conn, "SELECT current_database()") == "comes_later"


def test_the_port_of_pgbouncer_needs_a_password_and_its_files_are_private(lock_server: Server) -> None:
    with pooled(lock_server, "session") as server:
        password = str(conninfo_to_dict(server.url)["password"])
        with pytest.raises(UserError, match="SASL authentication failed"):
            address.connect(server.url.replace(password, "wrong"), "test")
        directory = Path(str(conninfo_to_dict(server.dsn)["host"]))
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        secret = [path for path in directory.iterdir() if path.is_file() and path.name != "log"]
        assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
        assert password not in (directory / "log").read_text()
    assert not directory.exists()


def test_pgbouncer_logs_in_with_the_password_of_a_named_server(our_server: Server, first: Connection) -> None:
    awkward = "it's \"a\\ #pass;word%"
    first.execute(sql.SQL("CREATE ROLE guest LOGIN PASSWORD {}").format(awkward))
    dsn = address.with_options(address.as_url(our_server.url), user="guest", password=awkward)
    try:
        with pooled(replace(our_server, dsn=dsn, kind="named"), "session") as server:
            for way in (server.dsn, server.url):
                with address.connect(way, "test") as conn:
                    assert one(conn, "SELECT session_user") == "guest"
    finally:
        first.execute("DROP ROLE guest")


def test_a_missing_pgbouncer_is_an_error_that_says_what_to_do(
    lock_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("lock_harness.servers.pgbouncer.SBIN", "")
    why = why_unavailable()
    assert why is not None
    with pytest.raises(UserError, match=why), pgbouncer(lock_server, "session"):
        pass


CHILD = """
import os, signal, sys
from lock_harness.servers.pgbouncer import pgbouncer
from lock_harness.servers.server import Server
with pgbouncer(Server(sys.argv[1], sys.argv[1], "named", ""), "session") as server:
    print(server.dsn, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_sigkill_of_the_harness_leaves_no_pgbouncer(lock_server: Server) -> None:
    if why := why_unavailable():
        pytest.skip(why)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, lock_server.url], check=False, stdout=subprocess.PIPE, text=True
    )
    assert child.returncode == -signal.SIGKILL
    directory = Path(str(conninfo_to_dict(child.stdout.strip())["host"]))
    assert within(10, lambda: not directory.exists() and not processes_in(directory))


def test_pgbouncer_soon_reaches_a_restarted_server() -> None:
    with postmaster() as running, pooled(running.server, "session") as server:
        running.restart("fast")
        assert within(10, lambda: reachable(server))


def reachable(server: Server) -> bool:
    try:
        address.connect(server.dsn, "test").close()
    except UserError:
        return False
    return True


# Sessions


def test_a_closed_session_leaves_a_backend_without_its_name_and_locks(
    lock_server: Server,
) -> None:
    with pooled(lock_server, "session") as server, closing(Observer(lock_server.dsn, "observer")) as observer:
        with address.connect(server.dsn, "lock-harness/of/a0.0") as conn:
            pid = one(conn, "SELECT pg_backend_pid() FROM pg_advisory_lock(%s)", KEY)
            (lock,) = observer.locks(["lock-harness/of/a0.0"])
            assert (lock.pid, lock.granted) == (pid, True)
        assert within(5, lambda: not observer.locks(["lock-harness/of/a0.0"]))
        with address.connect(server.dsn, "lock-harness/of/a1.0") as conn:
            assert one(conn, "SELECT pg_backend_pid()") == pid
            (lock,) = observer.locks(["lock-harness/of/a1.0"])
            assert lock.key is None


def test_transactions_through_pgbouncer_reach_several_backends(lock_server: Server) -> None:
    with pooled(lock_server, "transaction") as server, address.connect(server.dsn, "test") as conn:
        backend = "SELECT pg_backend_pid()"
        conn.prepare_threshold = None
        assert within(10, lambda: len({one(conn, backend) for _ in range(6)}) == 3)


# Detection of poolers


def test_a_server_is_not_taken_for_a_pooler(lock_server: Server) -> None:
    assert shared_sessions(lock_server.url) is None
    with open_server(lock_server.url) as server:
        assert server.kind == "named"


@pytest.mark.parametrize("settings", POOLERS, ids=lambda one: " ".join(one.values()) or "as it comes")
def test_a_pooler_that_shares_sessions_is_rejected(lock_server: Server, settings: dict[str, str]) -> None:
    with pooled(lock_server, "transaction", settings) as server:
        assert shared_sessions(server.dsn) is not None
        with pytest.raises(UserError, match="is a pooler that breaks session locks"), open_server(server.url):
            pass


def test_a_pooler_in_session_mode_is_accepted(lock_server: Server) -> None:
    month = Month(2090, 1)
    with (
        pooled(lock_server, "session") as through,
        open_server(through.url) as server,
        open_arena(server, LockSpec(), Bounds()) as arena,
    ):
        steps = program(
            acquire(0, month, 0), acquire(1, month, 0), crash(0), acquire(1, month, 1000), reopen(2)
        )
        example = run(with_first_year(steps, arena.years.first), arena)
    assert [verdict for verdict in example.verdicts if verdict.status != "holds"] == []
    answers = [event.answer for event in example.history.events if event.kind == "ok" and event.number < 4]
    assert answers == [True, False, True]


# The doctor


def finding(dsn: str, what: str) -> Diagnosis:
    (found,) = [finding for finding in examine(dsn) if finding.subject == what]
    return found


def test_the_doctor_accepts_a_server(lock_server: Server) -> None:
    found = {finding.subject: finding for finding in examine(lock_server.url)}
    assert [finding.subject for finding in found.values() if finding.level == "bad"] == []
    assert lock_server.version in found["reachable"].text
    assert "each client keeps its own backend" in found["sessions"].text


def test_the_doctor_rejects_a_transaction_pooler(lock_server: Server) -> None:
    with pooled(lock_server, "transaction") as server:
        level, _, text = finding(server.url, "sessions")
    assert level == "bad"
    assert "a transaction pooler: " in text


def test_the_doctor_accepts_a_session_pooler(lock_server: Server) -> None:
    with pooled(lock_server, "session") as server:
        assert [one.text for one in examine(server.url) if one.level == "bad"] == []


def test_the_doctor_reports_settings_that_end_sessions(our_server: Server) -> None:
    with private_database(our_server, "impatient") as private:
        with address.connect(private.dsn, "test") as conn:
            conn.execute("ALTER DATABASE impatient SET idle_session_timeout = '5min'")
            conn.execute("ALTER DATABASE impatient SET lock_timeout = '7s'")
        assert finding(private.dsn, "idle sessions").level == "bad"
        assert "7000 ms" in finding(private.dsn, "lock_timeout").text
