"""A fault ends every connection that a session has, and not one that its client is just opening."""

import select
from typing import get_args

import psycopg
import pytest

from lock_harness.core.errors import NotApplicable
from lock_harness.core.fault import FAULTS, Fault, FaultKind, NetworkFault, fault_kinds
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.locks import Contract
from lock_harness.programs.scenario import Scenario
from lock_harness.servers.server import Server
from tests.designs.connection_per_month import Lock
from tests.designs.polling import AdvisoryLock

JAN, FEB = Month(2090, 1), Month(2090, 2)
AT_ONCE = sorted(fault_kinds(lambda one: one.ends_session and not one.lasting and not one.whole_server))
LASTING = sorted(
    kind for kind in get_args(NetworkFault) if FAULTS[kind].lasting and FAULTS[kind].ends_session
)


class ConnectsAfterFault(Lock):
    """Takes its second month only when the connection of the first one has ended, on a connection that it opens then."""

    def try_acquire(self, key: int) -> bool:
        if self._held and key not in self._held:
            select.select([*self._held.values()], [], [], 10)
        return super().try_acquire(key)


class ReleasesAnyway(AdvisoryLock):
    """Answers True although the session, and the lock with it, was lost."""

    contract = Contract(reports_loss=False)

    def release(self, year: int, month: int) -> bool | None:
        try:
            return super().release(year, month)
        except psycopg.OperationalError:
            return True


def run_steps(server: Server, lock: type, *steps: Step, race: bool = False) -> Run:
    actors = max(step.actor for step in steps) + 1
    program = Program(actors, (JAN, FEB), steps, "race" if race else "lockstep")
    try:
        return run_job(Job(Scenario(program, name="connections"), Plan(), lock), server, lambda _: None)
    except NotApplicable as reason:
        pytest.skip(str(reason))


def blamed(run: Run) -> list[str]:
    """Return the violated checks, without those of a late answer on a busy machine, which is not the fault of the lock."""
    violated = [one for one in run.verdicts if one.status == "violated"]
    return [one.check for one in violated if not one.timed or one.check == "linearizable"]


def answers(run: Run, verb: str) -> dict[Month | None, bool | None]:
    """Return the answer to the first call on each month that returned, None if it raised an exception."""
    returned = [one for one in run.history.events if one.kind in ("ok", "info") and one.verb == verb]
    return {one.month: one.answer for one in reversed(returned)}


@pytest.mark.parametrize("kind", AT_ONCE)
def test_a_connection_that_is_opened_while_a_fault_is_injected_keeps_its_month(
    our_server: Server, kind: FaultKind
) -> None:
    run = run_steps(
        our_server,
        ConnectsAfterFault,
        Operation(0, "acquire", JAN),
        Operation(0, "acquire", FEB),
        Fault(0, kind, at_ms=50),
        Operation(0, "believes", FEB),
        Operation(0, "release", FEB),
        Operation(0, "release", JAN),
        race=True,
    )
    assert blamed(run) == []
    assert answers(run, "release") == {FEB: True, JAN: None}, "only the connection of January had ended"
    assert not [event for event in run.history.events if event.kind == "lingers"]


@pytest.mark.parametrize("kind", AT_ONCE)
def test_a_fault_ends_every_connection_of_a_session(our_server: Server, kind: FaultKind) -> None:
    run = run_steps(
        our_server,
        Lock,
        Operation(0, "acquire", JAN),
        Operation(0, "acquire", FEB),
        Fault(0, kind),
        Operation(1, "acquire", JAN, 1000),
        Operation(1, "acquire", FEB, 1000),
    )
    assert blamed(run) == []
    granted = [event.month for event in run.history.events if event.actor == 1 and event.answer]
    assert granted[:2] == [JAN, FEB]


@pytest.mark.parametrize("kind", LASTING)
def test_a_lasting_fault_ends_every_connection_when_it_is_healed(our_server: Server, kind: FaultKind) -> None:
    """The connection of February is opened while the fault lasts."""
    run = run_steps(
        our_server,
        Lock,
        Operation(0, "acquire", JAN),
        Fault(0, kind, at_ms=50, for_ms=100),
        Operation(0, "acquire", FEB, pause_us=80_000),
        Operation(1, "acquire", JAN, 5000, pause_us=60_000),
        Operation(1, "release", JAN),
        race=True,
    )
    assert blamed(run) == []
    assert answers(run, "release")[JAN] is True
    assert not [event for event in run.history.events if event.kind == "lingers"]


@pytest.mark.parametrize("kind", AT_ONCE)
def test_two_faults_end_the_connections_of_a_session_one_after_the_other(
    our_server: Server, kind: FaultKind
) -> None:
    """The client opens a connection between the faults, without an exception that makes its actor open a new session."""
    run = run_steps(
        our_server,
        Lock,
        Operation(0, "acquire", JAN),
        Fault(0, kind),
        Operation(0, "acquire", FEB),
        Fault(0, kind),
        Operation(1, "acquire", FEB, 1000),
        Operation(1, "acquire", JAN, 1000),
    )
    assert blamed(run) == []
    assert answers(run, "acquire") == {JAN: True, FEB: True}


def test_a_month_of_a_connection_that_was_opened_after_the_fault_is_not_left_behind(
    our_server: Server,
) -> None:
    steps = Operation(0, "acquire", JAN), Fault(0, "terminate"), Operation(0, "acquire", FEB)
    run = run_steps(our_server, Lock, *steps)
    assert blamed(run) == []
    assert run.history.audits[0].held == ((0, FEB),)


def test_a_release_with_success_after_the_only_connection_has_ended_is_blamed(our_server: Server) -> None:
    steps = Operation(0, "acquire", JAN), Fault(0, "terminate"), Operation(0, "release", JAN)
    run = run_steps(our_server, ReleasesAnyway, *steps)
    assert "honest_results" in blamed(run)
