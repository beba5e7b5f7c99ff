"""The exit code of a replay, and the actors that it runs with."""

from pathlib import Path

import pytest
from rich.console import Console

from lock_harness.core.program import Month, Operation, Program
from lock_harness.frontends.replay import replay
from lock_harness.frontends.reports import save
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
