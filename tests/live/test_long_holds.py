"""Holds that outlast a lease or an idle timeout: locks that lose the month are found, and a lease that is renewed holds."""

import pytest

from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.scenarios import long_holds
from lock_harness.scenarios.planted.fixed_lease import FixedLease
from lock_harness.servers.server import Server
from tests.live.timed_locks import IdleReaper, RenewedLease


@pytest.fixture(autouse=True)
def _limit_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 1.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 1)


def explored(server: Server, lock: type) -> Run:
    return run_job(Job(long_holds.SCENARIO, Plan(seed=1), lock), server, lambda _: None)


@pytest.mark.parametrize("lock", [FixedLease, IdleReaper])
def test_the_standard_scenario_finds_a_hold_that_ends_by_itself(our_server: Server, lock: type) -> None:
    run = explored(our_server, lock)
    assert run.status == "violated"
    assert "mutual_exclusion" in run.violated_checks


def test_a_lease_that_a_thread_renews_holds(our_server: Server) -> None:
    run = explored(our_server, RenewedLease)
    assert run.status != "violated", run.verdicts
