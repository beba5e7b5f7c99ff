"""Legitimate designs are not blamed.  `nox -s designs` runs every standard scenario on each of them."""

from pathlib import Path

import pytest

from lock_harness.core.program import Month, Operation, Program
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.locks.loading import LockSpec, load
from lock_harness.programs.discovery import find_scenarios
from lock_harness.programs.loading import load_scenarios
from lock_harness.programs.scenario import Scenario
from lock_harness.servers.server import Server
from tests.designs.polling import AdvisoryLock

TESTS = Path(__file__).parents[1]
DESIGNS = [
    path.stem for path in sorted((TESTS / "designs").glob("*.py")) if "class Lock(" in path.read_text()
]
SCENARIOS = load_scenarios(find_scenarios([TESTS.parent / "scenarios"]))


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("scenario", ["interleavings", "races"])
def test_a_design_that_keeps_its_contract_is_not_blamed(
    our_server: Server, design: str, scenario: str
) -> None:
    """On a busy machine an answer may be late, which is not the fault of the design."""
    lock = LockSpec(f"tests.designs.{design}:Lock")
    run = run_job(Job(SCENARIOS[scenario], Plan(examples=3, seed=1), lock), our_server, lambda _: None)
    assert [one for one in run.verdicts if one.status == "violated" and not one.timed] == []
    assert run.contract == getattr(load(lock.name), "contract", None)


@pytest.mark.parametrize("design", ["row_lock", "owner_row"])
def test_what_needs_the_lock_table_is_not_applicable_to_a_lock_in_rows(
    our_server: Server, design: str
) -> None:
    lock = LockSpec(f"tests.designs.{design}:Lock")
    job = Job(SCENARIOS["release_enables_next_worker"], Plan(seed=1), lock)
    run = run_job(job, our_server, lambda _: None)
    statuses = {verdict.check: verdict.status for verdict in run.verdicts}
    assert statuses["nothing_left_behind"] == "not applicable"
    assert "unknown" not in statuses.values() or run.status == "unknown"


class ConnectsLate(AdvisoryLock):
    """Has no connection before its first acquire, and then one that the server knows by `application_name`."""

    application_name: str | None = None

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connected = False

    def try_acquire(self, key: int) -> bool:
        if not self._connected:
            super().__init__(self._dsn)
            self._connected = True
            if self.application_name:
                self._conn.execute(
                    "SELECT set_config('application_name', %s, false)", (self.application_name,)
                )
        return super().try_acquire(key)

    def release(self, year: int, month: int) -> bool | None:
        return super().release(year, month) if self._connected else False

    def close(self) -> None:
        if self._connected:
            super().close()


class ConnectsUnderAnotherName(ConnectsLate):
    application_name = "another"


def test_a_session_that_was_granted_no_month_need_not_be_known_to_the_server(our_server: Server) -> None:
    january = Month(2090, 1)
    steps = Operation(0, "acquire", january), Operation(1, "release", january)
    program = Program(2, (january,), steps)
    expected: dict[type, str] = {ConnectsLate: "holds", ConnectsUnderAnotherName: "unknown"}
    for lock, status in expected.items():
        run = run_job(Job(Scenario(program, name="late"), Plan(), lock), our_server, lambda _: None)
        statuses = {verdict.check: verdict.status for verdict in run.verdicts}
        assert statuses["nothing_left_behind"] == status
