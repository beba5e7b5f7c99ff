"""The embedded server is private, always removed, and can be restarted at the same addresses."""

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from lock_harness.core.errors import MachineError, UserError
from lock_harness.servers import address, embedded
from lock_harness.servers.embedded import Postmaster, Shutdown, embedded_server, postmaster
from lock_harness.servers.server import Server
from tests.frontends.command import within
from tests.live.conftest import Connection, one, processes_in
from tests.unit.test_guardian import wait_for_end

KEY = 208007


def directory_of(server: Server) -> Path:
    return Path(str(conninfo_to_dict(server.dsn)["host"]))


def test_an_embedded_server_lies_in_a_private_directory() -> None:
    with embedded_server() as server:
        directory = directory_of(server)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE((directory / "data").stat().st_mode) == 0o700
        assert not (directory / "password").exists()


def test_the_port_of_an_embedded_server_needs_the_password() -> None:
    with embedded_server() as server:
        password = str(conninfo_to_dict(server.url)["password"])
        with address.connect(server.url, "test") as conn:
            assert one(conn, "SELECT inet_server_addr()::text") == "127.0.0.1/32"
        with pytest.raises(UserError, match="password authentication failed") as raised:
            address.connect(server.url.replace(password, "wrong"), "test")
        assert "wrong" not in str(raised.value)


def test_a_second_server_is_a_copy_of_the_cached_data_with_a_password_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with embedded_server() as first:
        password = str(conninfo_to_dict(first.url)["password"])
    monkeypatch.setattr(embedded, "_initialise", None)
    with embedded_server() as second:
        other_password = str(conninfo_to_dict(second.url)["password"])
        assert other_password != password
        for wrong in ("", password):
            with pytest.raises(UserError, match=r"no password supplied|password authentication failed"):
                address.connect(second.url.replace(other_password, wrong), "test")
        with address.connect(second.url, "test") as conn:
            assert one(conn, "SELECT pg_try_advisory_lock(%s)", KEY)


def test_servers_that_start_at_once_with_an_empty_cache_all_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with ThreadPoolExecutor(3) as pool:
        versions = list(pool.map(lambda _: version_of_a_server(), range(3)))
    assert len(set(versions)) == 1
    assert len(list((tmp_path / "lock-harness").iterdir())) == 1


def version_of_a_server() -> str:
    with embedded_server() as server, address.connect(server.url, "test") as conn:
        return str(one(conn, "SHOW server_version"))


def test_two_embedded_servers_share_nothing() -> None:
    with (
        embedded_server() as left,
        embedded_server() as right,
        address.connect(left.dsn, "test") as on_left,
        address.connect(right.dsn, "test") as on_right,
    ):
        assert directory_of(left) != directory_of(right)
        assert one(on_left, "SELECT pg_try_advisory_lock(%s)", KEY)
        assert one(on_right, "SELECT pg_try_advisory_lock(%s)", KEY)


class Broken(Exception):
    """The exception of a test that uses a server."""


def fail_while_in_use(used: list[tuple[Server, int, Connection]]) -> None:
    with embedded_server() as server:
        pid = int((directory_of(server) / "data" / "postmaster.pid").read_text().split()[0])
        used.append((server, pid, address.connect(server.dsn, "test")))
        raise Broken


def test_an_embedded_server_is_removed_even_if_it_is_in_use_and_its_user_fails() -> None:
    used: list[tuple[Server, int, Connection]] = []
    with pytest.raises(Broken):
        fail_while_in_use(used)
    ((server, pid, conn),) = used
    with conn, pytest.raises(psycopg.OperationalError):
        conn.execute("SELECT 1")
    assert not directory_of(server).exists()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(UserError, match="cannot connect"):
        address.connect(server.url, "test")


# Settings


def test_an_embedded_server_gets_its_settings() -> None:
    settings = {"client_connection_check_interval": "100ms", "max_connections": "20"}
    with postmaster(settings) as running, address.connect(running.server.url, "test") as conn:
        assert {name: one(conn, f"SHOW {name}") for name in settings} == settings


def test_an_unknown_setting_is_reported_in_one_line() -> None:
    with (
        pytest.raises(MachineError, match="unrecognized configuration") as raised,
        postmaster({"no_such": ""}),
    ):
        pass
    assert "\n" not in str(raised.value)


# Restarts


@pytest.fixture(scope="module")
def running() -> Iterator[Postmaster]:
    with postmaster() as server:
        yield server


def process_of(running: Postmaster) -> int:
    return int((directory_of(running.server) / "data" / "postmaster.pid").read_text().split()[0])


ERRORS = {"fast": psycopg.errors.AdminShutdown, "immediate": psycopg.OperationalError}


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_ends_all_sessions_and_their_locks_but_keeps_addresses_and_data(
    running: Postmaster, mode: Shutdown
) -> None:
    before = process_of(running)
    conns = [address.connect(where, "test") for where in (running.server.dsn, running.server.url)]
    for number, conn in enumerate(conns):
        assert one(conn, "SELECT pg_try_advisory_lock(%s)", KEY + number)
    conns[0].execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS row")
    running.restart(mode)
    for conn in conns:
        with conn, pytest.raises(ERRORS[mode]):
            conn.execute("SELECT 1")
    for where in (running.server.dsn, running.server.url):
        with address.connect(where, "test") as conn:
            assert one(conn, "SELECT count(*) FROM kept") == 1
            assert one(conn, "SELECT pg_try_advisory_lock(%s)", KEY)
            assert one(conn, "SELECT pg_try_advisory_lock(%s)", KEY + 1)
    assert process_of(running) != before
    assert not Path(f"/proc/{before}").exists()


def test_an_immediate_restart_recovers_and_a_fast_restart_does_not(running: Postmaster) -> None:
    log = directory_of(running.server) / "log"
    for mode, recovers in (("fast", False), ("immediate", True)):
        seen = len(log.read_text())
        running.restart(mode)  # type: ignore[arg-type]
        assert ("automatic recovery in progress" in log.read_text()[seen:]) == recovers


# Killed during a restart


CHILD = """
import os, signal, sys
from lock_harness.guardian import Guardian
from lock_harness.servers import embedded

def with_kill(function, when):
    def instead(*arguments, **options):
        if when == "after":
            function(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    return instead

owner, name, when = {"Guardian": Guardian, "embedded": embedded}[sys.argv[1]], *sys.argv[2:]
with embedded.postmaster() as running:
    print(running.server.dsn, running._guardian._process.pid, flush=True)
    setattr(owner, name, with_kill(getattr(owner, name), when))
    running.restart("immediate")
"""
MOMENTS = [
    # the old server has stopped
    ("Guardian", "disown", "before"),
    # the process of the new server exists, then it is owned, and the server may start
    ("Guardian", "own", "before"),
    ("Guardian", "own", "after"),
    # the new server starts, then accepts connections
    ("embedded", "wait_until_ready", "before"),
    ("embedded", "wait_until_ready", "after"),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=" ".join)
def test_sigkill_during_a_restart_leaves_no_server_and_no_directory(moment: tuple[str, ...]) -> None:
    owner = subprocess.Popen([sys.executable, "-c", CHILD, *moment], stdout=subprocess.PIPE, text=True)
    dsn, guardian = owner.communicate()[0].split()
    assert owner.returncode == -signal.SIGKILL
    wait_for_end(int(guardian))
    directory = Path(str(conninfo_to_dict(dsn)["host"]))
    assert not directory.exists()
    assert within(10, lambda: not processes_in(directory))
