"""Each planted lock is caught, and its failure made as small as it can be."""

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
    # one holds, its session is ended, another gets the month, the first is told yes once more
    "believes_on": Smallest(2, 4, "mutual_exclusion", "after its session was ended"),
    # both ask whether it is free, then both take it
    "check_then_act": Smallest(2, 2, "mutual_exclusion"),
    # one holds a month and is killed while it waits for one that another holds
    "dies_unnoticed": Smallest(2, 4, "auto_release", "the server still had its session"),
    # one holds, another asks for a moment
    "gives_up_early": Smallest(2, 2, "timeout_not_early"),
    # a child of the one who holds and dies lives on; or a program that it has started
    "inherited_by_child": Smallest(1, 2, "auto_release"),
    "inheritable": Smallest(1, 3, "auto_release"),
    # one holds two months, and the server shows one lock
    "key_collision": Smallest(1, 2, "independent_months"),
    # one asks, and the answer is late
    "overlooks_late_grant": Smallest(1, 2, "nothing_left_behind"),
    # its session is ended, yet its release says yes
    "reconnects_silently": Smallest(1, 2, "honest_results"),
    # the release that the harness adds at the end is the one that is forgotten
    "release_forgets": Smallest(1, 1, "nothing_left_behind"),
    # one holds and dies; the harness itself finds that nobody gets the month any more
    "row_survives_crash": Smallest(1, 2, "auto_release"),
    # one holds two months and gives back one; another gets the other one
    "release_frees_all": Smallest(2, 4, "mutual_exclusion"),
    # two ask, two are told yes
    "shared_mode": Smallest(2, 2, "mutual_exclusion", "the server had granted one lock to both"),
    # one holds and dies; its backend stays, with its lock
    "through_pgbouncer_unreset": Smallest(1, 2, "auto_release"),
    "timeout_raises": Smallest(2, 2, "timeout_returns_false"),
    "transaction_lock": Smallest(2, 2, "mutual_exclusion"),
    # one counts and gives back; another counts before the first commits
    "unlock_before_commit": Smallest(2, 4, "no_lost_update"),
    # what the harness gives back at the end stays locked in the other connection
    "unlocks_elsewhere": Smallest(1, 1, "nothing_left_behind"),
}

# In a race it takes luck to see it again, and so it does where a pooler chooses the backend: the smallest program is
# not always found.
LUCK = {
    "lease_expires": "mutual_exclusion",
    "through_pgbouncer_transaction": "honest_results",
    "wall_clock": "timeout_not_early",
    "wrapper_frees_early": "mutual_exclusion",
}


def test_all_planted_locks_are_looked_at() -> None:
    assert {*SMALLEST, *LUCK} == {*PLANTED}


@pytest.mark.parametrize("name", SMALLEST)
def test_a_planted_lock_is_caught_and_shrunk_to_the_smallest_program(
    our_server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However loaded the machine is, shrinking comes to its end."""
    monkeypatch.setattr("lock_harness.exploration.reduction.SHRINK_S", 90.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 2)
    run = catch(our_server, name, SMALLEST[name].check)
    assert (run.program.actors, len(run.program.steps)) == SMALLEST[name][:2], run.program
    why = next(verdict.why for verdict in run.verdicts if verdict.check == SMALLEST[name].check)
    assert SMALLEST[name].says in why


@pytest.mark.parametrize("name", LUCK)
def test_a_planted_lock_is_caught_with_luck(
    our_server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lock_harness.exploration.reduction.SHRINK_S", 2.0)
    catch(our_server, name, LUCK[name])


def catch(server: Server, name: str, check: str) -> Run:
    """The run that found the violation, shrunk."""
    try:
        run = run_job(Job(PLANTED[name], Plan(seed=1)), server, lambda _: None)
    except NotApplicable as reason:
        pytest.skip(str(reason))
    assert run.status == "violated"
    broken = [verdict.check for verdict in run.verdicts if verdict.status == "violated"]
    assert check in broken
    assert run.repeats is not None
    return run
