"""Settings of the server that end statements and sessions: they reach the locks, and the locks that cannot bear them are found."""

from dataclasses import replace

import psycopg
import pytest

from lock_harness.core.errors import NotApplicable, UserError
from lock_harness.core.program import Mode, Month, Operation, Program
from lock_harness.core.run import Run
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.locks.interface import Lock
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.programs.scenario import Scenario
from lock_harness.scenarios import idle_sessions, server_timeouts
from lock_harness.scenarios.planted.idle_in_transaction import IdleInTransaction
from lock_harness.servers.server import Server

JAN = Month(2090, 1)


@pytest.fixture(autouse=True)
def _limit_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 1.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 1)


def explored(server: Server, scenario: Scenario, lock: Lock, seed: int = 1) -> Run:
    return run_job(Job(scenario, Plan(seed=seed), lock), server, lambda _: None)


def with_settings(mode: Mode, *settings: tuple[str, str]) -> Scenario:
    steps = (Operation(0, "acquire", JAN), Operation(1, "acquire", JAN), Operation(0, "release", JAN))
    return Scenario(Program(2, (JAN,), steps, mode, settings=settings), name="with settings")


class KnowsTimeout(MonthLock):
    """Refuses to open a session without the setting."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        assert self._conn.execute("SHOW statement_timeout").fetchone() == ("7s",)


class WaitsInServer(MonthLock):
    """Waits with the timeouts that the server sets, and takes their errors for a refusal."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if timeout_ms == 0:
            return super().acquire(year, month, 0)
        try:
            self._conn.execute("SELECT pg_advisory_lock(%s::bigint)", (get_month_lock_key(year, month),))
        except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
            # it may have been granted at that moment
            self.release(year, month)
            return False
        return True


class WaitsWithItsOwnTimeouts(WaitsInServer):
    """Replaces the timeouts of the server by that of the call."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        self._conn.execute(f"SET lock_timeout = {max(1, timeout_ms)}")
        self._conn.execute("SET statement_timeout = 0")
        return super().acquire(year, month, timeout_ms)


@pytest.mark.parametrize("mode", ["lockstep", "race", "gate"])
def test_the_settings_of_a_program_reach_the_sessions_of_the_lock(our_server: Server, mode: Mode) -> None:
    scenario = with_settings(mode, ("statement_timeout", "7s"))
    assert explored(our_server, scenario, KnowsTimeout).status != "violated"
    with pytest.raises(UserError, match="the lock cannot be used: AssertionError"):
        explored(our_server, with_settings(mode), KnowsTimeout)


def test_a_setting_that_the_server_does_not_know_is_one_line(our_server: Server) -> None:
    with pytest.raises(
        UserError, match="the server does not accept the setting no_such = 1: unrecognized"
    ) as raised:
        explored(our_server, with_settings("race", ("no_such", "1")), MonthLock)
    assert "\n" not in str(raised.value)


def test_the_settings_of_a_server_that_the_user_named_are_not_changed(our_server: Server) -> None:
    with pytest.raises(NotApplicable, match="settings are changed only on a server that the harness started"):
        explored(replace(our_server, kind="named"), server_timeouts.SCENARIO, MonthLock)


@pytest.mark.parametrize(
    ("lock", "check"), [(IdleInTransaction, "mutual_exclusion"), (WaitsInServer, "timeout_not_early")]
)
def test_the_standard_scenario_finds_a_lock_that_the_server_interrupts(
    our_server: Server, lock: Lock, check: str
) -> None:
    run = explored(our_server, server_timeouts.SCENARIO, lock)
    assert run.status == "violated"
    assert check in run.violated_checks


def test_a_lock_that_sets_its_own_timeouts_holds(our_server: Server) -> None:
    run = explored(our_server, server_timeouts.SCENARIO, WaitsWithItsOwnTimeouts)
    assert run.status != "violated", run.verdicts


def test_a_session_that_idles_for_long_is_expected_to_lose_its_locks(our_server: Server) -> None:
    run = explored(our_server, idle_sessions.SCENARIO, MonthLock)
    assert run.status == "violated"
    assert "mutual_exclusion" in run.violated_checks
