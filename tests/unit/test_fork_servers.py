"""Processes that are alive at the same time come from different fork servers, as long as there are enough."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from lock_harness.actors import fork_server
from lock_harness.actors.fork_server import ForkServer, ForkServers
from lock_harness.actors.preload import preloadable_modules
from lock_harness.locks.loading import LockSpec, reference
from lock_harness.locks.month_lock import MonthLock

MOST = 4


class FakeServer:
    """A fork server that starts no process."""

    def __init__(self, preloaded: frozenset[str]) -> None:
        self.preloaded = preloaded
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def started() -> list[FakeServer]:
    return []


@pytest.fixture
def servers(started: list[FakeServer], monkeypatch: pytest.MonkeyPatch) -> ForkServers:
    def start(preloaded: frozenset[str]) -> FakeServer:
        started.append(FakeServer(preloaded))
        return started[-1]

    monkeypatch.setattr(fork_server, "MOST_SERVERS", MOST)
    return ForkServers(start)  # type: ignore[arg-type]


def test_living_processes_come_from_different_fork_servers(servers: ForkServers) -> None:
    assert len({servers.take() for _ in range(MOST)}) == MOST


def test_more_processes_than_fork_servers_are_spread_evenly(servers: ForkServers) -> None:
    taken = [servers.take() for _ in range(2 * MOST)]
    assert [taken.count(one) for one in taken[:MOST]] == [2] * MOST


def test_the_fork_server_that_has_been_free_for_the_longest_time_is_taken(
    servers: ForkServers, started: list[FakeServer]
) -> None:
    first, second, third = (servers.take() for _ in range(3))
    servers.give_back(second)
    servers.give_back(first)
    assert [servers.take(), servers.take()] == [second, first]
    assert third not in (first, second)
    assert len(started) == 3


def test_a_fork_server_with_a_living_process_is_not_free(servers: ForkServers) -> None:
    taken = [servers.take() for _ in range(MOST + 1)]
    shared = taken[-1]
    servers.give_back(shared)
    servers.give_back(taken[1])
    assert taken[1] is not shared
    assert servers.take() is taken[1]


def test_with_reserved_fork_servers_no_replacement_shares_with_a_killed_process(servers: ForkServers) -> None:
    alive = [servers.take() for _ in range(2)]
    servers.reserve(2)
    killed = []
    for _ in range(2):
        killed.append(alive.pop(0))
        alive.append(servers.take())
        servers.give_back(killed[-1])
    assert not {*alive} & {*killed}


def test_reserving_starts_no_more_than_are_missing(servers: ForkServers, started: list[FakeServer]) -> None:
    servers.reserve(2)
    servers.reserve(1)
    servers.reserve(-1)
    assert len(started) == 2
    servers.reserve(100)
    assert len(started) == MOST


def test_a_free_fork_server_without_the_wanted_modules_is_replaced(
    servers: ForkServers, started: list[FakeServer]
) -> None:
    servers.reserve(2)
    servers.preload({"a_driver"})
    assert servers.take() is started[2]
    assert [one.stopped for one in started] == [True, True, False]
    assert started[2].preloaded == {"a_driver"}


# What may be imported ahead


def module(name: str, monkeypatch: pytest.MonkeyPatch, **content: object) -> ModuleType:
    one = ModuleType(name)
    vars(one).update(content)
    monkeypatch.setitem(sys.modules, name, one)
    return one


class Lazy:
    """Fails like Django's settings as soon as it is asked for its class."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError


def test_a_driver_is_found_through_modules_of_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = module("sqlalchemy.engine", monkeypatch)
    helper = module("my_helper", monkeypatch, engine=driver, lazy=Lazy())
    module("my_lock", monkeypatch, helper=helper)
    found = preloadable_modules("my_lock")
    assert "sqlalchemy.orm" in found
    assert not any(one.startswith("my_") for one in found)


def test_a_driver_is_found_by_a_function_or_an_object_that_comes_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind = type("Pool", (), {"__module__": "psycopg_pool.pool"})
    module("my_lock", monkeypatch, pool=kind())
    assert preloadable_modules("my_lock") == {"psycopg_pool"}


def test_nothing_is_imported_ahead_for_the_reference_lock() -> None:
    assert preloadable_modules(LockSpec().module) == set()
    assert preloadable_modules("no_such_module") == set()


def test_the_part_of_the_harness_that_a_scenario_imports_is_imported_ahead() -> None:
    name = "lock_harness.scenarios.planted.salted_key"
    __import__(name)
    assert preloadable_modules(name) == {"lock_harness.programs"}


# Locks that are passed as objects


def test_a_class_of_a_module_is_sent_by_its_name() -> None:
    assert reference(MonthLock) == LockSpec()


def test_a_lock_that_has_no_importable_name_is_sent_by_value() -> None:
    class Local(MonthLock):
        pass

    assert reference(Local) is None
    assert reference(partial(MonthLock)) is None
    main = type("Main", (MonthLock,), {"__module__": "__main__"})
    assert reference(main) is None


def test_a_process_that_did_not_start_a_fork_server_neither_watches_nor_stops_it() -> None:
    server = ForkServer.__new__(ForkServer)
    server._starter = os.getpid() + 1
    server.ensure_running()
    server.stop()


def test_a_process_that_is_forked_after_the_end_of_the_harness_ends_in_silence(tmp_path: Path) -> None:
    ask = (
        "import pathlib, sys; from lock_harness.actors.main import detach; detach(pathlib.Path(sys.argv[1]))"
    )
    gone = str(tmp_path / "removed" / "a0.log")
    done = subprocess.run([sys.executable, "-c", ask, gone], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
