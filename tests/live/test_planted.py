"""Each planted lock is caught, and its failure is shrunk to the smallest program."""

from pathlib import Path
from typing import NamedTuple

import pytest

from lock_harness.core.errors import NotApplicable
from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.programs.discovery import find_scenarios
from lock_harness.programs.loading import load_scenarios
from lock_harness.servers.server import Server

PLANTED = {
    name.removeprefix("planted/"): one
    for name, one in load_scenarios(find_scenarios([Path(__file__).parents[2] / "scenarios"])).items()
    if one.planted
}


class Smallest(NamedTuple):
    actors: int
    steps: int
    check: str
    says: str = ""


SMALLEST = {
    # an actor holds, its session is ended, another actor gets the month, and the first one gets True again
    "believes_on": Smallest(2, 4, "mutual_exclusion", "after its session was ended"),
    # both actors see that the month is free, then both acquire it
    "check_then_act": Smallest(2, 2, "mutual_exclusion"),
    # an actor holds a month and is killed while it waits for a month that another actor holds
    "dies_unnoticed": Smallest(2, 4, "auto_release", "the server still had its session"),
    # one actor holds, another waits for a moment
    "gives_up_early": Smallest(2, 2, "timeout_not_early"),
    # the holder dies, and its child, or a program that it started, keeps running
    "inherited_by_child": Smallest(1, 2, "auto_release"),
    "inheritable": Smallest(1, 3, "auto_release"),
    # one actor holds two months, and the server shows one lock
    "key_collision": Smallest(1, 2, "independent_months"),
    # one actor acquires, and the answer is late
    "overlooks_late_grant": Smallest(1, 2, "nothing_left_behind"),
    # the eleventh acquire finds no connection; the last one is that of the probe
    "pool_exhausted": Smallest(2, 11, "timeout_returns_false", "all 10 connections are in use"),
    # the session is ended, yet a release returns True
    "reconnects_silently": Smallest(1, 2, "honest_results"),
    # the release that the harness adds at the end is forgotten
    "release_forgets": Smallest(1, 1, "nothing_left_behind"),
    # the holder dies, and its replacement and another actor both take over
    "takeover_race": Smallest(2, 4, "linearizable"),
    # the holder dies, and the probe at the end cannot acquire the month
    "row_survives_crash": Smallest(1, 2, "auto_release"),
    # one actor holds two months and releases one; another actor gets the other month
    "release_frees_all": Smallest(2, 4, "mutual_exclusion"),
    # two actors acquire, and both get True
    "salted_key": Smallest(2, 2, "mutual_exclusion"),
    "shared_mode": Smallest(2, 2, "mutual_exclusion", "the server had granted one lock to both"),
    # the holder dies, and its backend stays, with its lock
    "through_pgbouncer_unreset": Smallest(1, 2, "auto_release"),
    # an actor waits, releases, and its session has another lock_timeout
    "leaked_lock_timeout": Smallest(1, 3, "session_unchanged", "now lock_timeout="),
    # the body of a hold leaves the transaction aborted, and the month stays locked
    "unlock_in_aborted_transaction": Smallest(1, 1, "nothing_left_behind"),
    # an actor acquires, its session is ended, and it is asked
    "stale_belief": Smallest(1, 3, "honest_results", "the server had ended its session before"),
    "timeout_raises": Smallest(2, 2, "timeout_returns_false"),
    "transaction_lock": Smallest(2, 2, "mutual_exclusion"),
    # one actor counts and releases; another counts before the first one commits
    "unlock_before_commit": Smallest(2, 4, "no_lost_update"),
    # the month that the harness releases at the end stays locked in the other connection
    "unlocks_elsewhere": Smallest(1, 1, "nothing_left_behind"),
}

# In a race, and where a pooler chooses the backend, failures depend on timing, so the smallest program is not always
# found.
DEPENDS_ON_TIMING = {
    "fixed_lease": "mutual_exclusion",
    "idle_in_transaction": "mutual_exclusion",
    "idle_sessions": "mutual_exclusion",
    "refused_yet_granted": "honest_results",
    "lease_expires": "mutual_exclusion",
    "shared_session": "mutual_exclusion",
    "through_pgbouncer_transaction": "honest_results",
    "wall_clock": "timeout_not_early",
    "wrapper_frees_early": "mutual_exclusion",
}


def test_every_planted_lock_is_tested_on_a_live_server() -> None:
    assert {*SMALLEST, *DEPENDS_ON_TIMING} == {*PLANTED}


@pytest.mark.parametrize("name", SMALLEST)
def test_a_planted_lock_is_caught_and_shrunk_to_the_smallest_program(
    our_server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shrinking gets enough time to finish even on a busy machine."""
    monkeypatch.setattr("lock_harness.exploration.reduction.SHRINK_S", 90.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 90.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 2)
    run = catch(our_server, name, SMALLEST[name].check)
    assert (run.program.actors, len(run.program.steps)) == SMALLEST[name][:2], run.program
    why = next(verdict.why for verdict in run.verdicts if verdict.check == SMALLEST[name].check)
    assert SMALLEST[name].says in why


@pytest.mark.parametrize("name", DEPENDS_ON_TIMING)
def test_a_planted_lock_whose_failure_depends_on_timing_is_caught(
    our_server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 2.0)
    catch(our_server, name, DEPENDS_ON_TIMING[name])


def catch(server: Server, name: str, check: str) -> Run:
    """Return the run that found the violation and shrank it."""
    try:
        run = run_job(Job(PLANTED[name], Plan(seed=1)), server, lambda _: None)
    except NotApplicable as reason:
        pytest.skip(str(reason))
    assert run.status == "violated"
    broken = [verdict.check for verdict in run.verdicts if verdict.status == "violated"]
    assert check in broken
    assert run.repeats is not None
    return run
