"""A lock that takes an error of the server for an answer: the report names the error and the call that hid it."""

import contextlib

import psycopg
import pytest

from lock_harness.core.program import Month, Program
from lock_harness.exploration.plan import Plan
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, at_gate, release
from lock_harness.render.story import story
from lock_harness.render.text import plain
from lock_harness.servers.server import Server

JAN = Month(2090, 1)
ERROR = "although the server had reported an error to it: 22012 division by zero."


class ReadsErrorsAsContention(MonthLock):
    """Answers False if the server reports an error."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        try:
            self._conn.execute("SELECT 1/0")
        except psycopg.Error:
            return False
        return super().acquire(year, month, timeout_ms)


class HidesErrorsOfRelease(MonthLock):
    """Answers True although the server reports an error, and keeps the month."""

    def release(self, year: int, month: int) -> bool:  # noqa: ARG002
        with contextlib.suppress(psycopg.Error):
            self._conn.execute("SELECT 1/0")
        return True


@pytest.mark.parametrize(
    ("lock", "program", "hidden"),
    [
        (
            ReadsErrorsAsContention,
            at_gate(acquire(0, JAN, 0)),
            "The acquire of 2090-01 by actor 0 answered False",
        ),
        (
            HidesErrorsOfRelease,
            at_gate(acquire(0, JAN, 0), release(0, JAN), acquire(1, JAN, 0)),
            "The release of 2090-01 by actor 0 answered True",
        ),
    ],
)
def test_an_error_that_a_lock_hides_is_named_with_its_call(
    our_server: Server, monkeypatch: pytest.MonkeyPatch, lock: type[MonthLock], program: Program, hidden: str
) -> None:
    monkeypatch.setattr("lock_harness.exploration.reduction.MAX_SHRINK_S", 0.0)
    monkeypatch.setattr("lock_harness.exploration.reduction.REPEATS", 1)
    run = run_job(Job(Scenario(program, name="hides"), Plan(seed=1), lock), our_server, lambda _: None)
    assert run.status == "violated"
    assert f"  {hidden} {ERROR}" in plain(story(run, "again"), width=200)
