"""The exit code of a replay, and the actors that it runs with."""

from pathlib import Path

import pytest
from rich.console import Console

from lock_harness.core.errors import UserError
from lock_harness.core.program import Month, Operation, Program
from lock_harness.frontends.replay import replay, replay_all
from lock_harness.frontends.reports import save
from lock_harness.locks.loading import LockSpec
from lock_harness.servers.server import Server
from tests.runs import run

HOLDS = Program(2, (Month(2090, 1),), tuple(Operation(actor, "acquire", Month(2090, 1)) for actor in (0, 1)))
REFERENCE = "lock_harness.locks.month_lock:MonthLock"


@pytest.mark.parametrize(
    ("repeats", "times", "code"), [((10, 10), 2, 0), ((1, 10), 2, 3), ((0, 10), 2, 3), ((5, 10), 7, 0)]
)
def test_a_replay_without_a_failure_succeeds_only_if_it_proves_something(
    lock_server: Server, tmp_path: Path, repeats: tuple[int, int], times: int, code: int
) -> None:
    path = save(run(program=HOLDS, lock=REFERENCE, repeats=repeats), tmp_path)
    console = Console(record=True, width=200)
    assert replay(path, times, None, lock_server.dsn, console) == code
    assert ("This proves nothing" in console.export_text()) == (code == 3)


# All runs below a folder

SHARED = "lock_harness.scenarios.planted.shared_mode:SharedMode"


def test_all_runs_below_a_folder_are_replayed_and_the_worst_counts(
    lock_server: Server, tmp_path: Path
) -> None:
    save(run(scenario="held", program=HOLDS, lock=REFERENCE, repeats=(10, 10)), tmp_path)
    console = Console(record=True, width=200)
    assert replay_all(tmp_path, 2, None, lock_server.dsn, console) == 0
    save(run(scenario="rare", program=HOLDS, lock=REFERENCE, repeats=(1, 10)), tmp_path)
    assert replay_all(tmp_path, 2, None, lock_server.dsn, console) == 3
    save(run(scenario="shared/broken", program=HOLDS, lock=SHARED, repeats=(10, 10)), tmp_path)
    console = Console(record=True, width=300)
    assert replay_all(tmp_path, 2, None, lock_server.dsn, console) == 1
    lines = console.export_text().splitlines()
    assert lines[-1] == "3 runs: 1 holds, 1 violated, 1 unknown"
    assert "held: holds, 2 of 2" in lines[0]
    assert "rare: 2 of 2 hold, which proves nothing: use --times 44" in lines[1]
    assert "shared/broken: violated, 2 of 2: mutual_exclusion" in lines[2]


def test_another_lock_replaces_that_of_all_runs(lock_server: Server, tmp_path: Path) -> None:
    save(run(scenario="broken", program=HOLDS, lock=SHARED, repeats=(10, 10)), tmp_path)
    console = Console(record=True, width=200)
    assert replay_all(tmp_path, 1, LockSpec(REFERENCE), lock_server.dsn, console) == 0


def test_a_folder_without_runs_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no run\.json below"):
        replay_all(tmp_path, 1, None, None, Console())
