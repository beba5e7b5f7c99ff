"""Actors share nothing but the server: each imports the lock itself, with a hash seed of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lock_harness.core.program import Month
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import Arena, open_arena
from lock_harness.exploration.executor import run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.frontends.known_scenarios import find_known_scenarios
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.loading import load_scenarios
from lock_harness.programs.steps import acquire, crash, program, release
from lock_harness.scenarios.planted.salted_key import SaltedKey
from lock_harness.servers.server import Server
from tests.live.owner_row import OwnerRow

SCENARIOS = load_scenarios(find_known_scenarios())

WATCHED = """
import os
import uuid
from pathlib import Path

from lock_harness.locks.month_lock import MonthLock

MADE_AT_IMPORT = uuid.uuid4()


class Watched(MonthLock):
    def __init__(self, dsn):
        super().__init__(dsn)
        with open(Path(__file__).with_name("seen"), "a") as seen:
            print(os.getpid(), MADE_AT_IMPORT, hash("name"), os.environ.get("PYTHONHASHSEED"), file=seen)
"""


class Process:
    """What one process of the watched lock has written."""

    def __init__(self, line: str) -> None:
        self.pid, self.made_at_import, self.hash, self.hash_seed = line.split()


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the module of the watched lock, from which actors can import it."""
    (tmp_path / "watched_lock.py").write_text(WATCHED)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def arena(lock_server: Server, directory: Path) -> Iterator[Arena]:
    assert directory.is_dir()
    with open_arena(lock_server, LockSpec("watched_lock:Watched"), Bounds()) as one:
        yield one


def seen(directory: Path) -> list[Process]:
    return [Process(line) for line in (directory / "seen").read_text().splitlines()]


def test_no_two_incarnations_share_a_hash_seed_or_the_state_of_a_module(
    arena: Arena, directory: Path
) -> None:
    month = Month(arena.years.first, 1)
    kills = [one for _ in range(3) for actor in range(2) for one in (acquire(actor, month, 0), crash(actor))]
    example = run(program(*kills, acquire(2, month, 0), release(2, month)), arena)
    assert example.status == "holds"
    processes = seen(directory)
    assert len({one.pid for one in processes}) == len(processes) >= 3 + 6
    assert len({one.made_at_import for one in processes}) == len(processes)
    assert len({one.hash for one in processes}) == len(processes)


@pytest.mark.parametrize("scenario", ["interleavings", "concurrent_lock_acquisition"])
def test_a_key_that_differs_from_process_to_process_breaks_mutual_exclusion(
    our_server: Server, scenario: str
) -> None:
    run = explored(scenario, SaltedKey, our_server)
    assert run.status == "violated"
    assert "mutual_exclusion" in run.violated_checks


@pytest.mark.parametrize("scenario", ["interleavings", "crashes"])
def test_a_lock_whose_owner_is_made_at_import_is_not_blamed(our_server: Server, scenario: str) -> None:
    run = explored(scenario, OwnerRow, our_server)
    assert run.violated_checks == ()


def explored(scenario: str, lock: Any, server: Server) -> Any:
    return run_job(Job(SCENARIOS[scenario], Plan(20, seed=1), lock), server, lambda _: None)
