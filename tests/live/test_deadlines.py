"""A month that becomes free at the moment when a timeout ends: the reported failure of PostgreSQL, and its cure."""

import pytest
from psycopg.errors import LockNotAvailable

from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.frontends.pytest_plugin import CheckLock
from lock_harness.locks.month_lock import MonthLock, get_month_lock_key
from lock_harness.scenarios import deadlines
from lock_harness.scenarios.planted.refused_yet_granted import RefusedYetGranted
from lock_harness.servers.server import Server

EXAMPLES = 20


class UnlocksAfterRefusal(MonthLock):
    """Waits in the server like the planted lock, and looks at the answer of an unlock after `lock_timeout`."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        if not timeout_ms:
            return super().acquire(year, month, 0)
        key = get_month_lock_key(year, month)
        self._conn.execute(f"SET lock_timeout = {timeout_ms}")
        try:
            self._conn.execute("SELECT pg_advisory_lock(%s::bigint)", (key,))
        except LockNotAvailable:
            self._conn.execute("SELECT pg_advisory_unlock(%s::bigint)", (key,))
            return False
        finally:
            self._conn.execute("SET lock_timeout = 0")
        return True


@pytest.mark.parametrize("seed", [1, 2])
def test_the_standard_scenario_finds_a_lock_that_trusts_an_expired_lock_timeout(
    lock_server: Server, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lock_harness.exploration.reduction.SHRINK_S", 1.0)
    run = run_job(Job(deadlines.SCENARIO, Plan(seed=seed), RefusedYetGranted), lock_server, lambda _: None)
    assert run.status == "violated"


def test_an_unlock_after_the_refusal_is_a_cure(check_lock: CheckLock) -> None:
    check_lock("deadlines", lock=UnlocksAfterRefusal, examples=EXAMPLES)
