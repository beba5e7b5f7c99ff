"""Two successors of a dead worker: a takeover that compares the owner holds, and one that does not is found."""

import pytest

from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.scenarios import successors
from lock_harness.scenarios.planted.takeover_race import OwnerRow
from lock_harness.servers.server import Server


class ComparesOwner(OwnerRow):
    """Takes over only from the owner that was found dead."""

    take_over = f"{OwnerRow.take_over} AND pid = %(dead)s"


@pytest.fixture(autouse=True)
def _limit_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 1.0)


def explored(server: Server, lock: type | None = None) -> Run:
    return run_job(Job(successors.SCENARIO, Plan(seed=1), lock), server, lambda _: None)


@pytest.mark.parametrize("lock", [None, ComparesOwner])
def test_a_right_lock_holds_in_every_order_of_its_successors(our_server: Server, lock: type | None) -> None:
    run = explored(our_server, lock)
    not_holding = [one for one in run.coverage.crash_points if one.status != "holds"]
    assert (run.status, not_holding) == ("holds", [])
    assert all(point.orders > 1 for point in run.coverage.crash_points)


def test_the_standard_scenario_finds_a_takeover_that_does_not_compare_the_owner(our_server: Server) -> None:
    run = explored(our_server, OwnerRow)
    assert run.status == "violated"
    violated = [one for one in run.coverage.crash_points if one.status == "violated"]
    assert all("linearizable" in point.why for point in violated)
    assert {point.text.split()[0] for point in violated} >= {"INSERT", "BEGIN"}
