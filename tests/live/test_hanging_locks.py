"""A call that never returns is a violation, whichever call it is."""

import signal
from typing import NoReturn

import pytest

from lock_harness.core.program import Month, Program
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.exploration.executor import run, with_first_year
from lock_harness.locks.loading import command_spec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.programs.steps import acquire, is_locked, program, release, reopen
from lock_harness.servers.server import Server

JAN = Month(2090, 1)


def hang() -> NoReturn:
    while True:
        signal.pause()


class HangingRelease(MonthLock):
    def release(self, _year: int, _month: int) -> bool:
        hang()


class HangingQuestion(MonthLock):
    def is_locked(self, _year: int, _month: int) -> bool:
        hang()


class HangingClose(MonthLock):
    def close(self) -> None:
        hang()


class HangingAcquire(MonthLock):
    def acquire(self, _year: int, _month: int, _timeout_ms: int) -> bool:
        hang()


@pytest.mark.parametrize(
    ("lock", "steps", "check"),
    [
        (HangingRelease, program(acquire(0, JAN, 0), release(0, JAN)), "honest_results"),
        (HangingQuestion, program(is_locked(0, JAN)), "honest_results"),
        (HangingClose, program(acquire(0, JAN, 0), reopen(0)), "honest_results"),
        (HangingAcquire, program(acquire(0, JAN, 0)), "timeout_not_late"),
    ],
)
def test_a_call_that_never_returns_is_a_violation(
    lock_server: Server, lock: type[MonthLock], steps: Program, check: str
) -> None:
    with open_arena(lock_server, lock, Bounds()) as arena:
        example = run(with_first_year(steps, arena.years.first), arena)
    (verdict,) = (one for one in example.verdicts if one.status != "holds")
    assert verdict.check == check
    assert verdict.status == "violated" or "stalled" in verdict.why
    assert "never answered" in verdict.why


SLOW_START = """sh -c 'sleep 0.6; read request; echo "{\\"id\\":1,\\"ok\\":[]}"; cat >/dev/null'"""


def test_a_lock_command_that_starts_again_slowly_is_not_taken_for_hanging(
    lock_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine a command may take longer to start than a call may take."""
    monkeypatch.setattr("lock_harness.execution.time_limits.GRACE_MS", 200)
    with open_arena(lock_server, command_spec(SLOW_START), Bounds()) as arena:
        example = run(Program(1, (), (reopen(0),)), arena)
    assert example.history.gave_up_ns is None
    assert [event.kind for event in example.history.events] == ["invoke", "ok", "gone"]
