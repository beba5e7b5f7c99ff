"""Actors are real processes: they can be killed and replaced, and they do not outlive their conductor."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import psycopg
import pytest

from lock_harness.actors.mailbox import Baton, Begin
from lock_harness.actors.process import names
from lock_harness.core.errors import UserError
from lock_harness.core.history import Event
from lock_harness.core.program import Mode, Month, Program
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import Arena, open_arena
from lock_harness.exploration.executor import run
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.steps import acquire, crash, inspect, list_locks, program, release, reopen
from lock_harness.servers.server import Server
from tests.frontends.command import Shell, shell, within
from tests.live.conftest import Connection

LONG_MS = 20_000


@pytest.fixture
def arena(lock_server: Server) -> Iterator[Arena]:
    with open_arena(lock_server, LockSpec(), Bounds()) as one:
        yield one


def month_of(arena: Arena) -> Month:
    return Month(arena.years.first, 1)


def play(arena: Arena, what: Program) -> None:
    """Let the actors take steps that need no conductor; return when they are done."""
    team = arena.gather(what.actors)
    for number, one in enumerate(team):
        arena.mailbox.send(one.name, Begin(number, 0, names(team), what.months, what.steps, what.total_steps))
    arena.mailbox.send(team[0].name, Baton(0))
    while not isinstance(message := arena.mailbox.receive(LONG_MS), Baton):
        assert message is not None
        arena.pool.register(message)


def kinds(events: list[Event]) -> list[tuple[str, str | None]]:
    return [(event.kind, event.verb) for event in events]


def sessions(conn: Connection, tag: str) -> int:
    """Return the number of sessions of one arena."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE starts_with(application_name, %s)"
    row = conn.execute(query, (tag,)).fetchone()
    assert row is not None
    return int(row[0])


# Killed actors


def test_the_journal_of_a_killed_actor_can_be_read(arena: Arena) -> None:
    play(arena, program(acquire(0, month_of(arena), 0), list_locks(0)))
    actor = arena.warm_actors[0]
    actor.kill()
    assert not actor.alive()
    events = actor.journal.read()
    assert kinds(events) == [("invoke", "acquire"), ("ok", "acquire"), ("invoke", "list"), ("ok", "list")]
    assert events[1].answer is True
    assert events[3].listed == (month_of(arena),)
    assert actor.journal.read() == []


def test_a_killed_actor_releases_its_month(arena: Arena) -> None:
    play(arena, program(acquire(0, month_of(arena), 0)))
    session = arena.warm_actors[0].session
    (before,) = arena.observer.locks([session])
    assert before.granted
    arena.warm_actors[0].kill()
    assert within(5, lambda: not arena.observer.alive([session]))
    assert arena.observer.locks([session]) == []


def test_a_replacement_has_a_new_session_and_can_acquire_the_month(arena: Arena) -> None:
    play(arena, program(acquire(0, month_of(arena), 0)))
    dead = arena.warm_actors[0]
    dead.kill()
    assert within(5, lambda: not arena.observer.alive([dead.session]))
    fresh = arena.replace(0)
    assert fresh is arena.warm_actors[0]
    assert fresh.session != dead.session
    assert fresh.pid != dead.pid
    assert arena.observer.alive([fresh.session, dead.session]) == {fresh.session}
    play(arena, program(acquire(0, month_of(arena), 0)))
    assert fresh.journal.read()[-1].answer is True


def test_a_dead_actor_is_replaced_when_a_team_is_gathered(arena: Arena) -> None:
    alive, dead = arena.gather(2)
    dead.kill()
    team = arena.gather(3)
    assert team[0] is alive
    assert len({one.pid for one in [*team, dead]}) == 4
    assert all(one.alive() for one in team)


def test_an_actor_that_is_killed_while_it_waits_has_a_call_without_an_answer(arena: Arena) -> None:
    month = month_of(arena)
    history = run(
        program(acquire(0, month, 0), acquire(1, month, LONG_MS, pending=True), crash(1)), arena
    ).history
    assert kinds([event for event in history.events if (event.actor, event.incarnation) == (1, 0)]) == [
        ("invoke", "acquire"),
        ("fault", None),
        ("gone", None),
    ]


def test_a_reopened_session_has_a_new_name_and_the_old_session_ends(arena: Arena) -> None:
    month = month_of(arena)
    old = arena.warm_actors[0].session
    run(program(acquire(0, month, 0), reopen(0), acquire(0, month, LONG_MS), release(0, month)), arena)
    new = arena.warm_actors[0].session
    assert new != old
    assert arena.observer.alive([old, new]) == {new}


# The end of an arena


@pytest.mark.parametrize("mode", ["lockstep", "race"])
def test_a_program_without_steps_still_acquires_its_months_at_the_end(arena: Arena, mode: Mode) -> None:
    month = Month(arena.years.first, 1)
    example = run(Program(2, (month,), (), mode), arena)
    assert example.status == "holds"
    answers = [event.answer for event in example.history.events if event.kind == "ok"]
    assert answers == [True, True] * 2, "each of the two actors acquires and releases the month"


# Inspected sessions


def test_a_session_is_compared_with_a_new_one_though_an_earlier_program_has_changed_it(
    lock_server: Server,
) -> None:
    lock = LockSpec("lock_harness.scenarios.planted.leaked_lock_timeout:LeaksLockTimeout")
    with open_arena(lock_server, lock, Bounds()) as arena:
        month = month_of(arena)
        changes = program(acquire(0, month, 700), release(0, month))
        assert run(changes, arena).status == "holds"
        looks = run(program(*changes.steps, inspect(0)), arena)
        assert looks.violated_checks == {"session_unchanged"}
        looks = run(program(inspect(0)), arena)
        assert [event.inspected for event in looks.history.events if event.inspected] == [((), ())]


def test_actors_are_replaced_once_for_programs_that_inspect_sessions(arena: Arena) -> None:
    month = month_of(arena)
    plain = program(acquire(0, month, 0), acquire(1, month, 0), release(0, month))
    looks = program(*plain.steps, inspect(1))
    teams = []
    for what in (plain, looks, plain, looks):
        assert run(what, arena).status == "holds"
        teams.append(names(arena.warm_actors))
    assert not {*teams[0]} & {*teams[1]}
    assert teams[1] == teams[2] == teams[3]


def test_new_actors_do_not_read_the_state_of_a_session_that_no_program_has_inspected_for_long(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lock_harness.execution.arena.INSPECTION_MEMORY", 1)
    month = month_of(arena)
    plain, looks = program(acquire(0, month, 0), release(0, month)), program(inspect(0))
    prepared = []
    for what in (plain, looks, plain, plain, looks):
        run(what, arena)
        prepared.append(arena.pool.inspects)
    assert prepared == [False, True, True, False, True]


def test_an_arena_leaves_neither_actors_nor_sessions(lock_server: Server) -> None:
    with (
        psycopg.connect(lock_server.dsn, autocommit=True) as conn,
        open_arena(lock_server, LockSpec(), Bounds()) as arena,
    ):
        team = list(arena.gather(3))
        tag = team[0].session.rpartition("/")[0]
        assert sessions(conn, tag) >= 4  # with the observer
        arena.dismiss()
        assert [one.alive() for one in team] == [False, False, False]
    with psycopg.connect(lock_server.dsn, autocommit=True) as conn:
        assert within(5, lambda: sessions(conn, tag) == 0)


LOCK = """
import sys
from lock_harness.locks.month_lock import MonthLock

class ExitsAtOnce:
    def __init__(self, dsn):
        sys.exit("enough")

class NeedsMore:
    def __init__(self, dsn, more): ...
"""


@pytest.mark.parametrize(
    ("name", "why"), [("ExitsAtOnce", "before it could be used; it printed: enough"), ("NeedsMore", "more")]
)
def test_a_lock_that_exits_or_cannot_open_a_session_is_a_user_error(
    lock_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, why: str
) -> None:
    (tmp_path / "lock_of_a_user.py").write_text(LOCK)
    monkeypatch.syspath_prepend(tmp_path)
    spec = LockSpec(f"lock_of_a_user:{name}")
    with pytest.raises(UserError, match=why), open_arena(lock_server, spec, Bounds()) as arena:
        run(program(acquire(0, month_of(arena), 0)), arena)


# A killed conductor

CONDUCTOR = """
import sys
import threading

import msgspec

from lock_harness.execution.arena import open_arena
from lock_harness.locks.loading import LockSpec
from lock_harness.core.verdict import Bounds
from lock_harness.servers.server import Server

if __name__ == "__main__":
    server, lock = (msgspec.json.decode(text, type=kind) for text, kind in zip(sys.argv[1:], (Server, LockSpec)))
    with open_arena(server, lock, Bounds()) as arena:
        print(arena.gather(3)[0].session, flush=True)
        threading.Event().wait()
"""

# responds to `open`, and starts a child process
COMMAND = """read request; echo '{"id":1,"ok":[]}'; sleep 600 & cat > /dev/null"""


@pytest.fixture
def sh(tmp_path: Path) -> Iterator[Shell]:
    with shell(tmp_path) as one:
        yield one


@pytest.mark.parametrize("lock", [LockSpec(), LockSpec("", ("sh", "-c", COMMAND))], ids=["python", "command"])
def test_actors_and_what_they_started_die_with_a_killed_conductor(
    lock_server: Server, sh: Shell, lock: LockSpec
) -> None:
    named = replace(lock_server, kind="named")  # nothing is created that a killed conductor would leave
    (sh.cwd / "conductor.py").write_text(CONDUCTOR)
    arguments = [msgspec.json.encode(one).decode() for one in (named, lock)]
    with subprocess.Popen(
        [sys.executable, "conductor.py", *arguments],
        cwd=sh.cwd,
        env=sh.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        tag = process.stdout.readline().rpartition("/")[0]
        assert tag.startswith("lock-harness/")
        assert len(sh.pids()) > 5  # the conductor, three actors, spares, guardian, stall meter
        process.kill()
        assert within(5, lambda: not sh.left_behind()), sh.left_behind()
    with psycopg.connect(lock_server.dsn, autocommit=True) as conn:
        assert within(5, lambda: sessions(conn, tag) == 0)
