"""A lock that needs a table creates it in its setup, before any session opens."""

import os
import shlex
import sys
from pathlib import Path

import psycopg
import pytest

from lock_harness.core.errors import UserError
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.verdict import Bounds, Verdict
from lock_harness.execution.arena import Arena, open_arena
from lock_harness.exploration.example import Example
from lock_harness.exploration.executor import run
from lock_harness.locks.loading import LockSpec, command_spec
from lock_harness.locks.month_lock import MonthLock
from lock_harness.servers.server import Server
from tests.live.conftest import one

FOREIGN = Path(__file__).parents[1] / "foreign"


class NeedsATable(MonthLock):
    """Its sessions fail without the table, and its setup notes its process in it."""

    @staticmethod
    def setup(dsn: str) -> None:
        with psycopg.connect(dsn) as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS prepared (pid int)")
            conn.execute("INSERT INTO prepared VALUES (%s)", (os.getpid(),))

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._conn.execute("SELECT FROM prepared")


def violations(example: Example) -> list[Verdict]:
    """Return the violations that a busy machine cannot cause."""
    return [one for one in example.verdicts if one.status == "violated" and not one.timed]


def take(arena: Arena) -> Program:
    month = Month(arena.years.first, 1)
    return Program(2, (month,), (Operation(0, "acquire", month), Operation(1, "acquire", month)))


def test_setup_is_called_once_before_any_session_and_again_after_a_reset(our_server: Server) -> None:
    with open_arena(our_server, NeedsATable, Bounds()) as arena:
        assert violations(run(take(arena), arena)) == []
        first = one(arena.observer.conn, "SELECT array_agg(pid) FROM prepared")
        assert arena.reset()
        assert violations(run(take(arena), arena)) == []
        second = one(arena.observer.conn, "SELECT array_agg(pid) FROM prepared")
    assert (len(first), len(second)) == (1, 1)
    assert {os.getpid(), *first}.isdisjoint(second)
    assert first != [os.getpid()]


def foreign(name: str, *arguments: str) -> LockSpec:
    return command_spec(shlex.join([sys.executable, str(FOREIGN / name), *arguments]))


@pytest.mark.parametrize("name", ["with_setup.py", "month_lock.py"])
def test_a_lock_command_is_set_up_if_it_has_a_setup(our_server: Server, name: str) -> None:
    with open_arena(our_server, foreign(name), Bounds()) as arena:
        assert violations(run(take(arena), arena)) == []
        assert one(arena.observer.conn, "SELECT to_regclass('prepared')") == (
            "prepared" if name == "with_setup.py" else None
        )


def test_the_row_lock_of_the_page_holds(our_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2] / "examples")
    with open_arena(our_server, LockSpec("row_lock:RowLock"), Bounds()) as arena:
        example = run(take(arena), arena)
        assert one(arena.observer.conn, "SELECT count(*) FROM months") == 1
    answers = [
        event.answer for event in example.history.events if event.verb == "acquire" and event.kind == "ok"
    ]
    assert answers[:2] == [True, False]
    assert violations(example) == []


class Fails(MonthLock):
    @staticmethod
    def setup(dsn: str) -> None:
        with psycopg.connect(dsn) as conn:
            conn.execute("CREATE TABLE a (b no_such_type)")


class Exits(MonthLock):
    @staticmethod
    def setup(_: str) -> None:
        print("no configuration")
        sys.exit(3)


class IsAsynchronous(MonthLock):
    @staticmethod
    async def setup(_: str) -> None:
        pass


@pytest.mark.parametrize(
    ("lock", "why"),
    [
        (Fails, 'its setup failed: UndefinedObject: type "no_such_type" does not exist'),
        (Exits, "its setup ended the process; it printed: no configuration"),
        (IsAsynchronous, "its setup failed: it is asynchronous"),
    ],
)
def test_a_setup_that_fails_is_reported_in_one_line(
    our_server: Server, lock: type[MonthLock], why: str
) -> None:
    with pytest.raises(UserError) as raised, open_arena(our_server, lock, Bounds()):
        pass
    assert str(raised.value).startswith(f"the lock cannot be used: {why}")
    assert "\n" not in str(raised.value)


def test_a_lock_command_that_has_a_setup_must_not_answer_it_with_an_error(our_server: Server) -> None:
    lock = foreign("with_setup.py", "SELECT no_such_function()")
    with (
        pytest.raises(UserError, match=r"its setup failed: .*no_such_function"),
        open_arena(our_server, lock, Bounds()),
    ):
        pass
