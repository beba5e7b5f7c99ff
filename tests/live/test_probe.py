"""The probe at the end of a program: each actor asks for each month, whatever the numbers of the actors are."""

import contextlib
from functools import partial
from itertools import permutations

import pytest

from lock_harness.core.program import Month, Program
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, program, release
from lock_harness.scenarios.planted.row_survives_crash import RowLock
from lock_harness.servers.server import Server

JAN, FEB, MARCH = (Month(2090, number) for number in (1, 2, 3))
# short bounds, since the probe waits for a month that never becomes free
BOUNDS = Bounds(release_ms=200, handover_ms=50)


class KeepsTheMonth(RowLock):
    """Its release keeps the row, so that only the session that held the month can get it again."""

    def release(self, year: int, month: int) -> bool:
        query = "UPDATE held SET times = 1 WHERE key = %s AND pid = %s"
        return self._conn.execute(query, (year * 100 + month, self._pid)).rowcount == 1


def each_numbering() -> list[Program]:
    """Return a program in which actor a holds January, and the others something else, for each numbering of the actors."""
    return [
        program(
            acquire(a, JAN, 0), acquire(b, FEB, 0), acquire(c, MARCH, 0), release(b, FEB), release(c, MARCH)
        )
        for a, b, c in permutations(range(3))
    ]


def test_a_stuck_month_is_noticed_whatever_the_numbers_of_the_actors_are(our_server: Server) -> None:
    opener = partial(open_arena, our_server, KeepsTheMonth, BOUNDS)
    with contextlib.closing(Executor(opener)) as executor:
        found = [executor.run_and_clean_up(one).violated_checks for one in each_numbering()]
    assert all("grants_free_month" in checks for checks in found), found


def test_a_program_of_which_only_the_probe_fails_is_shrunk(
    our_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lock_harness.exploration.reduction.SHRINK_S", 60.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 60.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 2)
    steps = (
        acquire(4, MARCH, 0), acquire(0, FEB, 0), acquire(3, JAN, 0), release(3, JAN), release(4, MARCH),
        acquire(1, JAN, 0), acquire(2, JAN, 0),
    )  # fmt: skip
    held_by_one = Scenario(program(*steps[:5], release(1, JAN), release(2, FEB)), bounds=BOUNDS)
    run = run_job(Job(held_by_one, Plan(seed=1), KeepsTheMonth), our_server, lambda _: None)
    assert run.status == "violated"
    assert (len(run.program.steps), run.program.actors) == (2, 2), run.program
    assert run.repeats == (2, 2)
