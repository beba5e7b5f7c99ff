"""Faults at the gate on a live server: each hits its message, before or after the server has executed it."""

import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
import pytest

from lock_harness.core.errors import NotApplicable
from lock_harness.core.fault import GATE_FAULTS, Fault, FaultKind, Point
from lock_harness.core.history import Event
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import Executor
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec, command_spec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs.equipment import Equipment
from lock_harness.servers.server import Server

JAN = Month(2090, 1)
FOREIGN = Path(__file__).parents[1] / "foreign" / "month_lock.py"
ALL = [(kind, point) for kind, points in GATE_FAULTS.items() for point in points]


@pytest.fixture
def executor(our_server: Server, request: pytest.FixtureRequest) -> Iterator[Executor]:
    lock: Lock | LockSpec = request.param
    opener = partial(open_arena, our_server, lock, Bounds(), equipment=Equipment(gate=True))
    with closing(Executor(opener)) as opened:
        yield opened


class InsertsRow(MonthLock):
    """Inserts a row when it is asked for a month; a month with a row counts as locked."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        with self._conn.transaction():
            self._conn.execute("SELECT pg_advisory_xact_lock(1)")
            self._conn.execute("CREATE TABLE IF NOT EXISTS notes (month int)")

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:  # noqa: ARG002
        self._conn.execute("INSERT INTO notes VALUES (%s)", (month,))
        return False

    def is_locked(self, year: int, month: int) -> bool:  # noqa: ARG002
        return self._conn.execute("SELECT FROM notes WHERE month = %s", (month,)).fetchone() is not None


class TwoConnections(MonthLock):
    """Has a second connection."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._other = psycopg.connect(dsn, autocommit=True)

    def close(self) -> None:
        super().close()
        self._other.close()


def injected_faults(example: Example) -> list[Event]:
    return [event for event in example.history.events if event.kind == "fault"]


@pytest.mark.parametrize("executor", [InsertsRow], indirect=True)
@pytest.mark.parametrize(("kind", "point"), ALL)
def test_the_server_has_executed_the_message_after_a_fault_after_it_and_not_before(
    executor: Executor, kind: FaultKind, point: Point
) -> None:
    steps = (Fault(0, kind, point=point), Operation(0, "acquire", JAN), Operation(1, "is_locked", JAN))
    example = executor.run_and_clean_up(Program(2, (JAN,), steps, "gate"))
    (fault,) = injected_faults(example)
    assert (fault.actor, fault.fault) == (0, kind)
    (asked,) = [e for e in example.history.events if e.verb == "is_locked" and e.kind == "ok"]
    assert asked.answer is (point != "before")


@pytest.mark.parametrize("executor", [InsertsRow], indirect=True)
def test_only_an_actor_whose_connection_survives_gets_an_answer(executor: Executor) -> None:
    for kind, answers in {"kill": 0, "reset": 0, "terminate": 1, "late": 1}.items():
        steps = (Fault(0, kind, point="after"), Operation(0, "acquire", JAN, 20))  # type: ignore[arg-type]
        events = executor.run_and_clean_up(Program(1, (JAN,), steps, "gate")).history.events
        asked = [e for e in events if e.verb == "acquire" and e.kind == "ok" and e.number == 1]
        assert len(asked) == answers, kind


@pytest.mark.parametrize("executor", [LockSpec()], indirect=True)
@pytest.mark.parametrize(("kind", "point"), ALL)
def test_a_correct_lock_holds_with_every_fault_at_every_message(
    executor: Executor, kind: FaultKind, point: Point
) -> None:
    operations = (
        *(Operation(0, "acquire", JAN), Operation(0, "release", JAN), Operation(0, "hold", JAN)),
        *(Operation(1, "acquire", JAN, 1000), Operation(1, "release", JAN)),
    )
    for message in range(5):
        fault = Fault(0, kind, message=message, point=point)
        example = executor.run_and_clean_up(
            Program(2, (JAN,), (fault, *operations), "gate", choices=(0, 0, 1))
        )
        assert example.status in ("holds", "unknown"), example.verdicts
        assert len(injected_faults(example)) == (message < 4), message


class CannotClose(MonthLock):
    """Sends a statement when it is closed, and so cannot be closed if its session has ended."""

    def close(self) -> None:
        self._conn.execute("SELECT pg_advisory_unlock_all()")
        super().close()


@pytest.mark.parametrize("executor", [CannotClose], indirect=True)
def test_an_actor_left_without_a_session_neither_probes_nor_takes_part_in_the_next_example(
    executor: Executor,
) -> None:
    acquires = Operation(0, "acquire", JAN), Operation(1, "acquire", JAN)
    steps = (Fault(0, "reset", point="after"), *acquires)
    events = executor.run_and_clean_up(Program(2, (JAN,), steps, "gate")).history.events
    assert [e.actor for e in events if e.verb == "reopen" and e.kind == "info"] != []
    probes = [e for e in events if e.number >= len(steps) and e.verb == "acquire" and e.kind != "invoke"]
    assert [(e.actor, e.kind, e.answer) for e in probes] == [(1, "ok", True)]
    again = executor.run_and_clean_up(Program(2, (JAN,), acquires, "gate")).history.events
    assert [e.answer for e in again if e.number < len(acquires) and e.kind != "invoke"] == [True, True]


@pytest.mark.parametrize("executor", [TwoConnections], indirect=True)
def test_a_fault_on_a_connection_is_not_applicable_to_a_session_with_several(executor: Executor) -> None:
    asks = Operation(0, "acquire", JAN)
    for whole in ((asks,), (Fault(0, "kill"), asks)):
        assert executor.run_and_clean_up(Program(1, (JAN,), whole, "gate")).status == "holds"
    with pytest.raises(NotApplicable, match="several connections"):
        executor.run_and_clean_up(Program(1, (JAN,), (Fault(0, "reset"), asks), "gate"))


@pytest.mark.parametrize("executor", [command_spec(f"{sys.executable} {FOREIGN}")], indirect=True)
@pytest.mark.parametrize("point", ["before", "after"])
def test_a_lock_command_that_was_just_started_dies_with_its_actor(executor: Executor, point: Point) -> None:
    """Message 0 is its Terminate, and message 1 the first request of the next program."""
    steps = (Fault(0, "kill", message=1, point=point), Operation(0, "reopen"), Operation(1, "acquire", JAN))
    example = executor.run_and_clean_up(Program(2, (JAN,), steps, "gate"))
    assert len(injected_faults(example)) == 1
    assert example.status == "holds", example.verdicts
    assert "lingers" not in {event.kind for event in example.history.events}
