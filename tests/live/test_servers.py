"""Servers that are named, or behind a pooler; and what is ours alone on them."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from harness.arena import open_arena
from harness.errors import UserError
from harness.guardian import Guardian, guarded_directory
from harness.locks.loading import LockSpec
from harness.model import Bounds, Month
from harness.runner import moved, run
from harness.scenario import acquire, crash, program, reopen
from harness.servers import address
from harness.servers.doctor import Finding, examine
from harness.servers.lease import SPACE, Years, lease
from harness.servers.observer import Observer, SessionLock
from harness.servers.pooler import shared_sessions
from harness.servers.providers import open_server
from harness.servers.server import Server, private_database
from tests.faces.command import within
from tests.live.conftest import Connect, Connection, one

KEY = 208007


# Named


def test_a_named_server_that_does_not_answer_is_one_line_without_the_password() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"postgresql://u:s3cret@127.0.0.1:{probe.getsockname()[1]}/d"
        with pytest.raises(UserError, match=r"cannot connect to 127\.0\.0\.1") as raised, open_server(url):
            pass
    assert "\n" not in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_the_environment_names_the_server(lock_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(address.VARIABLE, lock_server.url)
    with open_server(None) as server:
        assert (server.kind, server.ours, server.url) == ("named", False, lock_server.url)
        assert server.version == lock_server.version


def test_no_server_is_a_choice_that_commands_refuse() -> None:
    with pytest.raises(UserError, match="this command needs a server"), open_server("none"):
        pass


# A database of our own


def test_a_private_database_exists_for_the_block_even_if_somebody_stays_in_it(
    our_server: Server, first: Connection
) -> None:
    exists = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'one_of_ours')"
    with private_database(our_server, "one_of_ours") as private:
        for dsn in (private.dsn, private.url):
            with address.connect(dsn, "test") as conn:
                assert one(conn, "SELECT current_database()") == "one_of_ours"
        stays = address.connect(private.dsn, "test")
        assert one(first, exists)
    assert not one(first, exists)
    stays.close()


def test_nothing_is_created_on_a_named_server(lock_server: Server, first: Connection) -> None:
    named = replace(lock_server, kind="named")
    count = "SELECT count(*) FROM pg_database"
    before = one(first, count)
    with private_database(named, "one_of_ours") as private:
        assert private is named
        assert one(first, count) == before


# Months of our own


@pytest.fixture
def lessees(our_server: Server) -> Iterator[Callable[[], Connection]]:
    """Opens connections to a database where nobody else leases."""
    with private_database(our_server, "leases") as private, contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(address.connect(private.dsn, "lessee"))


def test_leases_of_one_database_never_share_a_year(lessees: Callable[[], Connection]) -> None:
    years = Years(2080, 2086)
    leased = [lease(lessees(), years) for _ in range(3)]
    assert leased == [Years(2080, 2081), Years(2082, 2083), Years(2084, 2085)]


def test_when_all_years_are_leased_the_error_says_what_to_do(lessees: Callable[[], Connection]) -> None:
    lease(lessees(), Years(2080, 2081))
    with pytest.raises(UserError, match=r"all of 2080-2081 is in use .* give more room with --years"):
        lease(lessees(), Years(2080, 2081))


def test_a_lease_ends_with_its_connection(lessees: Callable[[], Connection]) -> None:
    tenant, watcher = lessees(), lessees()
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2"
    lease(tenant, Years(2080, 2081))
    assert one(watcher, held, SPACE) == 1
    tenant.close()
    assert within(5, lambda: one(watcher, held, SPACE) == 0)
    assert lease(watcher, Years(2080, 2081)) == Years(2080, 2081)


def test_a_lease_locks_no_month(lessees: Callable[[], Connection]) -> None:
    tenant, other = lessees(), lessees()
    years = lease(tenant, Years(2080, 2081))
    keys = [year * 100 + month for year in years for month in range(1, 13)]
    assert all(one(other, "SELECT pg_try_advisory_lock(%s::bigint)", key) for key in keys)


def test_two_arenas_on_one_named_server_use_different_years(lock_server: Server) -> None:
    named = replace(lock_server, kind="named")
    with (
        open_arena(named, LockSpec(), Bounds()) as left,
        open_arena(named, LockSpec(), Bounds()) as right,
    ):
        assert {*range(left.years.first, left.years.last + 1)}.isdisjoint(right.years)


# The observer


def test_the_observer_sees_only_the_sessions_it_is_asked_about(our_server: Server, connect: Connect) -> None:
    ours, idle, theirs = (connect(f"lock-harness/{name}") for name in ("us/a0.0", "us/a1.0", "them/a0.0"))
    for number, conn in enumerate((ours, theirs)):
        conn.execute("SELECT pg_advisory_lock(%s::bigint)", (KEY + number,))
    observer = Observer(our_server.dsn, "observer")
    names = ["lock-harness/us/a0.0", "lock-harness/us/a1.0", "lock-harness/us/a2.0"]
    assert sorted(observer.locks(names)) == [
        SessionLock(names[0], ours.info.backend_pid, f"0:{KEY}:1", granted=True),
        SessionLock(names[1], idle.info.backend_pid, None, granted=False),
    ]
    assert observer.alive(names) == {*names[:2]}
    ours.close()
    assert within(5, lambda: observer.alive(names) == {names[1]})
    observer.close()


def test_the_observer_knows_who_is_quiet(our_server: Server, connect: Connect) -> None:
    conn, observer = connect("somebody"), Observer(our_server.dsn, "observer")
    before = observer.activity("somebody")
    conn.execute("SELECT 1")
    after = observer.activity("somebody")
    assert before is not None
    assert after is not None
    assert after != before
    observer.close()
    assert after.quiet
    assert observer.activity("nobody") is None


# Poolers


PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
SETTINGS = {
    "listen_addr": "127.0.0.1",
    "unix_socket_dir": "",
    "auth_type": "any",
    "ignore_startup_parameters": "extra_float_digits",
}


def configure(guardian: Guardian, server: Server, options: dict[str, str]) -> tuple[Path, int]:
    """A configuration in the guarded directory, and the port in it."""
    at = {key: str(value) for key, value in conninfo_to_dict(server.url).items()}
    upstream = " ".join(f"{key}={at[key]}" for key in ("host", "port", "user", "password") if key in at)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = SETTINGS | {"listen_port": str(port)} | options
    lines = ["[databases]", f"* = {upstream}", "[pgbouncer]", *(f"{k} = {v}" for k, v in settings.items())]
    path = guardian.directory / "pgbouncer.ini"
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")
    return path, port


@contextmanager
def pgbouncer(server: Server, **options: str) -> Iterator[str]:
    """A PgBouncer in front of `server`; yields the connection string that leads through it."""
    if PGBOUNCER is None:
        pytest.skip("no pgbouncer on this machine: install it, on Debian with apt-get install pgbouncer")
    with guarded_directory() as guardian:
        path, port = configure(guardian, server, options)
        user = None
        if os.geteuid() == 0:  # whom PgBouncer refuses
            user = pwd.getpwnam("nobody")
            for one_of_its in (guardian.directory, path):
                os.chown(one_of_its, user.pw_uid, user.pw_gid)
        with open(guardian.directory / "log", "wb") as log:
            process = subprocess.Popen(
                [PGBOUNCER, str(path)],
                stderr=log,
                stdout=log,
                user=user.pw_uid if user else None,
                start_new_session=True,
            )
        guardian.own(process.pid)
        database = conninfo_to_dict(server.url)["dbname"]
        try:
            assert within(10, lambda: listens(port)), (guardian.directory / "log").read_text()
            yield f"postgresql://somebody@127.0.0.1:{port}/{database}"
        finally:
            process.kill()
            process.wait()


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


POOLERS = [
    {"pool_mode": "transaction"},
    {"pool_mode": "statement"},
    {"pool_mode": "transaction", "server_round_robin": "1"},
    {"pool_mode": "transaction", "server_round_robin": "1", "min_pool_size": "4"},
]


def finding(dsn: str, what: str) -> Finding:
    (found,) = [finding for finding in examine(dsn) if finding.what == what]
    return found


def test_a_server_keeps_a_session_for_each_client(lock_server: Server) -> None:
    assert shared_sessions(lock_server.url) is None
    with open_server(lock_server.url) as server:
        assert server.kind == "named"


@pytest.mark.parametrize("options", POOLERS, ids=lambda options: " ".join(options.values()))
def test_a_pooler_that_shares_sessions_is_refused(lock_server: Server, options: dict[str, str]) -> None:
    with pgbouncer(lock_server, **options) as dsn:
        assert shared_sessions(dsn) is not None
        with pytest.raises(UserError, match="is a pooler that breaks session locks"), open_server(dsn):
            pass


def test_a_pooler_in_session_mode_will_do(lock_server: Server) -> None:
    month = Month(2090, 1)
    with (
        pgbouncer(lock_server, pool_mode="session") as dsn,
        open_server(dsn) as server,
        open_arena(server, LockSpec(), Bounds()) as arena,
    ):
        steps = program(
            acquire(0, month, 0), acquire(1, month, 0), crash(0), acquire(1, month, 1000), reopen(2)
        )
        example = run(moved(steps, arena.years.first), arena)
    assert [verdict for verdict in example.verdicts if verdict.status != "holds"] == []
    answers = [event.answer for event in example.history.events if event.kind == "ok" and event.number < 4]
    assert answers == [True, False, True]


def test_the_doctor_finds_a_server_fit(lock_server: Server) -> None:
    found = {finding.what: finding for finding in examine(lock_server.url)}
    assert [finding.what for finding in found.values() if finding.level == "bad"] == []
    assert lock_server.version in found["reachable"].text
    assert "each client keeps a backend of its own" in found["sessions"].text


def test_the_doctor_finds_a_transaction_pooler_unfit(lock_server: Server) -> None:
    with pgbouncer(lock_server, pool_mode="transaction") as dsn:
        level, _, text = finding(dsn, "sessions")
    assert level == "bad"
    assert "a transaction pooler: " in text


def test_the_doctor_finds_a_session_pooler_fit(lock_server: Server) -> None:
    with pgbouncer(lock_server, pool_mode="session") as dsn:
        assert [one.text for one in examine(dsn) if one.level == "bad"] == []


def test_the_doctor_warns_of_sessions_that_the_server_ends(our_server: Server) -> None:
    with private_database(our_server, "impatient") as private:
        with address.connect(private.dsn, "test") as conn:
            conn.execute("ALTER DATABASE impatient SET idle_session_timeout = '5min'")
            conn.execute("ALTER DATABASE impatient SET lock_timeout = '7s'")
        assert finding(private.dsn, "idle sessions").level == "bad"
        assert "7000 ms" in finding(private.dsn, "lock_timeout").text
