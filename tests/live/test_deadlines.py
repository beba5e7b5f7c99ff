"""A month that becomes free at the moment when a timeout ends: the reported failure of PostgreSQL, and its cure."""

import pytest

from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.render.story import story
from lock_harness.render.text import plain
from lock_harness.scenarios import deadlines
from lock_harness.scenarios.planted.refused_yet_granted import RefusedYetGranted
from lock_harness.servers.server import Server
from tests.live.timed_locks import UnlocksAfterRefusal

EXAMPLES = 20


@pytest.mark.parametrize("seed", [1, 2])
def test_the_standard_scenario_finds_a_lock_that_trusts_an_expired_lock_timeout(
    lock_server: Server, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lock_harness.exploration.reduction.SHRINK_S", 1.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 1.0)
    run = run_job(Job(deadlines.SCENARIO, Plan(seed=seed), RefusedYetGranted), lock_server, lambda _: None)
    assert run.status == "violated"


def test_an_unlock_after_the_refusal_is_a_cure(lock_server: Server) -> None:
    run = run_job(Job(deadlines.SCENARIO, Plan(EXAMPLES), UnlocksAfterRefusal), lock_server, lambda _: None)
    # a late answer on a busy machine is unknown
    assert run.status != "violated", plain(story(run, ""))
