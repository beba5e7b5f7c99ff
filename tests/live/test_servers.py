"""Named servers, private databases, leases of months, and the observer."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from lock_harness.core.errors import UserError
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.locks.loading import LockSpec
from lock_harness.servers import address
from lock_harness.servers.environment import VARIABLE
from lock_harness.servers.lease import SPACE, lease
from lock_harness.servers.observer import Observer, SessionLock
from lock_harness.servers.providers import open_server
from lock_harness.servers.server import Server, private_database
from lock_harness.servers.years import Years
from tests.frontends.command import within
from tests.live.conftest import Connect, Connection, one

KEY = 208007


# Named servers


def test_a_named_server_that_does_not_answer_is_one_line_without_the_password() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"postgresql://u:s3cret@127.0.0.1:{probe.getsockname()[1]}/d"
        with pytest.raises(UserError, match=r"cannot connect to 127\.0\.0\.1") as raised, open_server(url):
            pass
    assert "\n" not in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_the_environment_variable_names_the_server(
    lock_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, lock_server.url)
    with open_server(None) as server:
        assert (server.kind, server.ours, server.url) == ("named", False, lock_server.url)
        assert server.version == lock_server.version


def test_pg_none_is_an_error_for_a_command_that_needs_a_server() -> None:
    with pytest.raises(UserError, match="this command needs a server"), open_server("none"):
        pass


# Private databases


def test_a_private_database_is_dropped_even_if_a_session_still_uses_it(
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


# Leases


@pytest.fixture
def lessees(our_server: Server) -> Iterator[Callable[[], Connection]]:
    """Opens connections to a database where no other harness has a lease."""
    with private_database(our_server, "leases") as private, contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(address.connect(private.dsn, "lessee"))


def test_leases_of_one_database_never_share_a_year(lessees: Callable[[], Connection]) -> None:
    years = Years(2080, 2086)
    leased = [lease(lessees(), years) for _ in range(3)]
    assert leased == [Years(2080, 2081), Years(2082, 2083), Years(2084, 2085)]


def test_when_all_years_are_leased_the_error_says_what_to_do(lessees: Callable[[], Connection]) -> None:
    lease(lessees(), Years(2080, 2081))
    with pytest.raises(UserError, match=r"all years of 2080-2081 are in use .* widen the range with --years"):
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


def test_the_observer_returns_only_the_requested_sessions(our_server: Server, connect: Connect) -> None:
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


def test_the_observer_reports_the_activity_of_a_session(our_server: Server, connect: Connect) -> None:
    conn, observer = connect("active"), Observer(our_server.dsn, "observer")
    before = observer.activity("active")
    conn.execute("SELECT 1")
    after = observer.activity("active")
    assert before is not None
    assert after is not None
    assert after != before
    assert after.quiet
    assert observer.activity("unknown") is None
    observer.close()
