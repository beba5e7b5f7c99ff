"""Crash points on a live server: all of them are tried, and those at which a lock loses a month are reported."""

import pytest

from lock_harness.core.program import Month
from lock_harness.core.run import CrashPoint, Run
from lock_harness.core.verdict import Bounds
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, at_gate, hold, release, reopen
from lock_harness.programs.workload import CrashPoints
from lock_harness.render.crash_points import COLUMNS
from lock_harness.scenarios.crash_points import SCENARIO
from lock_harness.scenarios.planted.row_survives_crash import RowLock
from lock_harness.servers.server import Server

JAN = Month(2090, 1)
# how many of the seven faults can hit a Terminate, which has no reply
AT_TERMINATE = 4


class SendsOnOpen(MonthLock):
    """Executes statements when it opens a session, so a fault can hit it then."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._conn.execute("SELECT 1")
        self._conn.execute("SELECT 2")


class ReleasesOnClose(RowLock):
    """Releases its months when it is closed, but not when its process dies or its session ends."""

    def close(self) -> None:
        self._conn.execute("DELETE FROM held WHERE pid = %s", (self._pid,))
        super().close()


class RequiredMethodsOnly:
    """A lock without the optional methods."""

    def __init__(self, dsn: str) -> None:
        self._lock = MonthLock(dsn)
        self.acquire, self.release, self.close = self._lock.acquire, self._lock.release, self._lock.close


@pytest.fixture(autouse=True)
def _extend_time_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give shrinking enough time to finish even on a busy machine."""
    monkeypatch.setattr("lock_harness.exploration.reduction.SHRINK_S", 90.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 90.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 1)


def explored(scenario: Scenario, server: Server, lock: type | None = None) -> Run:
    return run_job(Job(scenario, Plan(seed=1), lock), server, lambda _: None)


def messages(run: Run) -> list[tuple[str, str]]:
    """Return verb and text of each message that has crash points."""
    return [
        *{(one.number, one.fault.message): (one.verb, one.text) for one in run.coverage.crash_points}.values()
    ]


def test_the_month_lock_survives_every_crash_point(our_server: Server) -> None:
    run = explored(SCENARIO, our_server)
    not_holding = [one for one in run.coverage.crash_points if one.status != "holds"]
    assert (run.status, not_holding) == ("holds", [])
    assert [verb for verb, _ in messages(run)] == ["acquire", "release", "hold", "hold", "acquire", "reopen"]
    assert len(run.coverage.crash_points) == 2 * (5 * len(COLUMNS) + AT_TERMINATE)
    assert run.figures.examples == len(run.coverage.crash_points) + 1
    assert run.figures.faults == len(run.coverage.crash_points)


def test_crash_points_include_the_opening_of_a_session(our_server: Server) -> None:
    short = Scenario(CrashPoints(at_gate(reopen(0), acquire(0, JAN, 0), release(0, JAN), acquire(1, JAN, 0))))
    run = explored(short, our_server, SendsOnOpen)
    assert [one for one in run.coverage.crash_points if one.status != "holds"] == []
    assert [text for verb, text in messages(run) if verb == "reopen"][1:] == ["SELECT 1", "SELECT 2"]


def test_crash_points_include_the_release_at_the_end_of_the_program(our_server: Server) -> None:
    kept = Scenario(CrashPoints(at_gate(acquire(0, JAN, 0), acquire(1, JAN, 0))))
    run = explored(kept, our_server)
    assert [one for one in run.coverage.crash_points if one.status != "holds"] == []
    assert [verb for verb, _ in messages(run)] == ["acquire", "release"]
    assert run.figures.faults == len(run.coverage.crash_points) == 2 * 2 * len(COLUMNS)


def test_a_lock_without_hold_has_the_other_crash_points(our_server: Server) -> None:
    run = explored(SCENARIO, our_server, RequiredMethodsOnly)
    assert run.status == "holds"
    assert [verb for verb, _ in messages(run)] == ["acquire", "release", "acquire", "reopen"]


def test_the_crash_points_at_which_a_lock_loses_a_month_are_reported(
    our_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row remains if its owner dies or loses its session between the INSERT and the removal of the row."""
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 1.0)
    program = at_gate(acquire(0, JAN, 0), release(0, JAN), acquire(1, JAN, 0), release(1, JAN))
    # short bounds, since the probe waits for a month that never becomes free
    bounds = Bounds(release_ms=300, handover_ms=50)
    run = explored(Scenario(CrashPoints(program), bounds=bounds), our_server, ReleasesOnClose)
    assert run.status != "holds"
    loses = {
        "acquire INSERT kill after", "acquire INSERT reset after", "acquire INSERT reset half",
        "acquire INSERT terminate after", "release UPDATE kill before", "release UPDATE reset before",
        "release UPDATE terminate before",
    }  # fmt: skip
    found = {where(one): one.why for one in run.coverage.crash_points if one.status == "violated"}
    safe = {one: why for one, why in found.items() if one.startswith("acquire") and one.endswith("before")}
    assert safe == {}
    not_holding = {where(one) for one in run.coverage.crash_points if one.status != "holds"}
    assert not_holding >= loses, "a crash point during a stall of the machine is unknown, not violated"


def where(point: CrashPoint) -> str:
    return f"{point.verb} {point.text.split()[0]} {point.fault.kind} {point.fault.point}"


def test_crash_points_include_the_messages_of_hold(our_server: Server) -> None:
    run = explored(Scenario(CrashPoints(at_gate(hold(0, JAN, 0), acquire(1, JAN, 0)))), our_server)
    assert run.status == "holds"
    assert [verb for verb, _ in messages(run)] == ["hold", "hold"]
