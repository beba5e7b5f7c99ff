"""Each kind of fault has the described effect on sessions, and the reference lock violates no check."""

from typing import get_args

import psycopg
import pytest

from lock_harness.core.errors import NotApplicable, one_line
from lock_harness.core.fault import FAULTS, Fault, FaultKind, fault_kinds
from lock_harness.core.history import Event
from lock_harness.core.program import Month, Operation, Program, Step
from lock_harness.core.run import Run
from lock_harness.execution.faults import INJECTORS, why_unavailable
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.programs.equipment import Equipment
from lock_harness.programs.scenario import Scenario
from lock_harness.servers.server import Server

JAN = Month(2090, 1)
HOLDS_MS, LASTS_MS = 400, 40
ENDS_ONE = sorted(fault_kinds(lambda one: one.ends_session and not one.whole_server))
AT_ONCE = sorted(fault_kinds(lambda one: one.ends_session and not one.lasting))


def run_with(server: Server, program: Program, lock: type | None = None) -> Run:
    """Run the program.  A stall of the machine may make a verdict unknown, but none may be violated."""
    try:
        run = run_job(Job(Scenario(program, name="fault"), Plan(), lock), server, lambda _: None)
    except NotApplicable as reason:
        pytest.skip(str(reason))
    assert run.status != "violated", run.verdicts
    return run


def events(run: Run, **wanted: object) -> list[Event]:
    return [
        event
        for event in run.history.events
        if all(getattr(event, field) == value for field, value in wanted.items())
    ]


def holder_and_waiter(kind: FaultKind) -> Program:
    """Return a race in which a fault hits the holder of a month for which another actor waits."""
    steps = (
        Operation(0, "acquire", JAN, 1000),
        Fault(0, kind, at_ms=60, for_ms=LASTS_MS),
        Operation(0, "is_locked", JAN, pause_us=HOLDS_MS * 1000),
        Operation(1, "acquire", JAN, 5000, pause_us=40_000),
        Operation(1, "release", JAN),
    )
    return Program(2, (JAN,), steps, "race")


def test_every_kind_of_fault_has_an_injector() -> None:
    assert [*INJECTORS] != []
    assert {*INJECTORS} == {*get_args(FaultKind)}


@pytest.mark.parametrize("kind", ENDS_ONE)
def test_a_fault_that_ends_a_session_frees_its_month(our_server: Server, kind: FaultKind) -> None:
    """The waiter acquires the month while the holder still believes that it holds it."""
    run = run_with(our_server, holder_and_waiter(kind))
    (injected,) = events(run, kind="fault", actor=0)
    assert injected.fault == kind
    (gone,) = events(run, kind="gone", actor=0)
    (granted,) = events(run, kind="ok", verb="acquire", actor=1, number=3)
    assert granted.answer is True
    assert granted.at_ns > injected.at_ns
    assert gone.at_ns > injected.at_ns
    if FAULTS[kind].lasting:
        assert events(run, kind="heal", actor=0)
        lasted_ns = granted.at_ns - injected.at_ns
        assert lasted_ns >= LASTS_MS * 1_000_000, "the server keeps the month until it learns of the fault"
    (noticed,) = events(run, kind="info", actor=0)
    assert noticed.verb == "is_locked"
    assert events(run, kind="ok", verb="reopen", actor=0)


@pytest.mark.parametrize("kind", sorted(fault_kinds(lambda one: one.whole_server)))
def test_a_restart_ends_all_sessions_and_the_actors_continue(our_server: Server, kind: FaultKind) -> None:
    run = run_with(our_server, holder_and_waiter(kind))
    for actor in (0, 1):
        assert [event.fault for event in events(run, kind="fault", actor=actor)] == [kind]
        assert events(run, kind="gone", actor=actor)
        assert events(run, kind="info", actor=actor, incarnation=0)
        assert events(run, kind="ok", verb="reopen", actor=actor)
    assert events(run, kind="ok", verb="release", actor=1, answer=False), "its session and its lock are gone"


def test_a_restart_ends_sessions_that_were_opened_just_before_it(
    our_server: Server,
) -> None:
    """An actor opens one session after the other until the server shuts down, and loses the last of them."""
    opens = [step for _ in range(200) for step in (Operation(0, "reopen"), Operation(0, "is_locked", JAN))]
    steps: tuple[Step, ...] = (
        *opens,
        Fault(1, "restart_fast", at_ms=2),
        Operation(1, "acquire", JAN, pause_us=300_000),
    )
    run = run_with(our_server, Program(2, (JAN,), steps, "race"))
    lost = {(event.actor, event.incarnation) for event in events(run, kind="info")}
    assert lost <= {(event.actor, event.incarnation) for event in events(run, fault="restart_fast")}


@pytest.mark.parametrize("kind", ["pause", "slow", "clock_forward", "clock_back"])
def test_a_fault_that_ends_no_session_leaves_the_month_to_its_holder(
    our_server: Server, kind: FaultKind
) -> None:
    run = run_with(our_server, holder_and_waiter(kind))
    assert [event.kind for event in events(run, fault=kind)] == ["fault", "heal"]
    assert not events(run, kind="info")
    (asked,) = events(run, kind="ok", verb="is_locked", number=2)
    assert asked.answer is True


@pytest.mark.parametrize("kind", AT_ONCE)
def test_lockstep_supports_every_fault_that_ends_a_session_at_once(
    our_server: Server, kind: FaultKind
) -> None:
    steps = (
        Operation(0, "acquire", JAN),
        Fault(0, kind),
        Operation(1, "acquire", JAN, 1000),
        Operation(0, "release", JAN),
        Operation(0, "acquire", JAN, 20),
    )
    run = run_with(our_server, Program(2, (JAN,), steps))
    answers = {event.number: (event.kind, event.answer) for event in events(run, verb="acquire")}
    assert answers[2] == (("ok", True) if not FAULTS[kind].whole_server else ("info", None))
    assert events(run, kind="info", number=3, verb="release"), (
        "the actor learns of the fault at its next call"
    )
    assert answers[4][0] == "ok"


class Blocking:
    """Waits in the server, where its statement can be cancelled."""

    def __init__(self, dsn: str) -> None:
        self._conn = psycopg.connect(dsn, autocommit=True)

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        self._conn.execute("SELECT set_config('lock_timeout', %s, false)", (str(max(1, timeout_ms)),))
        try:
            self._conn.execute("SELECT pg_advisory_lock(%s)", (year * 100 + month,))
        except psycopg.errors.LockNotAvailable:
            return False
        return True

    def release(self, year: int, month: int) -> bool:
        row = self._conn.execute("SELECT pg_advisory_unlock(%s)", (year * 100 + month,)).fetchone()
        return bool(row and row[0])

    def close(self) -> None:
        self._conn.close()


def test_a_lock_may_raise_when_its_wait_is_cancelled(our_server: Server) -> None:
    steps = (
        Operation(0, "acquire", JAN, 1000),
        Operation(0, "release", JAN, pause_us=HOLDS_MS * 1000),
        Operation(1, "acquire", JAN, 5000, pause_us=40_000),
        Fault(1, "cancel", at_ms=60),
    )
    run = run_with(our_server, Program(2, (JAN,), steps, "race"), Blocking)
    (cancelled,) = events(run, kind="info")
    assert cancelled.number == 2
    assert one_line(cancelled.error or "").startswith("QueryCanceled")


def test_a_server_that_the_user_named_cannot_be_restarted(lock_server: Server) -> None:
    named = Server(lock_server.dsn, lock_server.url, "named", lock_server.version)
    why = why_unavailable(Equipment(frozenset({"restart_fast"})), named)
    remedy = "leave out --pg (--lock-pg in pytest)"
    assert why == f"restart_fast: only a server that the harness started itself is ever restarted: {remedy}"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://user@/db?host=/run/postgresql", "name the server by host and port"),
        ("postgresql://user@db.example/db?sslmode=require", "sslmode=require encrypts"),
    ],
)
def test_network_faults_are_unavailable_with_a_server_that_no_proxy_can_reach(url: str, why: str) -> None:
    named = Server(url, url, "named", "18")
    assert why in (why_unavailable(Equipment(frozenset({"reset"})), named) or "")


def test_an_actor_releases_at_the_end_what_it_holds_in_a_reopened_session(our_server: Server) -> None:
    """The conductor must not take the actor for one without a session, and make it reopen instead of release."""
    steps = (Fault(0, "terminate"), Operation(0, "acquire", JAN), Operation(0, "acquire", JAN))
    run = run_with(our_server, Program(1, (JAN,), steps))
    assert len(events(run, kind="invoke", verb="reopen")) == 1
    granted, probed = events(run, kind="ok", verb="acquire", incarnation=1)
    given_back = events(run, kind="ok", verb="release", incarnation=1, answer=True)
    assert granted.at_ns < given_back[0].at_ns < probed.at_ns
