"""Servers, roles and databases that allow few connections."""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from psycopg.conninfo import conninfo_to_dict

from lock_harness.actors.pool import SPARES
from lock_harness.core.errors import NotApplicable, UserError
from lock_harness.core.verdict import Bounds
from lock_harness.execution.arena import open_arena
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.progress import Progress
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.discovery import SHIPPED, find_scenarios
from lock_harness.programs.draw import Draw
from lock_harness.programs.loading import load_scenarios
from lock_harness.programs.scenario import Scenario
from lock_harness.servers import address
from lock_harness.servers.connections import ConnectionLimit, connection_limits, tightest_limit
from lock_harness.servers.doctor import BESIDES_ACTORS, MOST_ACTORS, Diagnosis, examine
from lock_harness.servers.embedded import postmaster
from lock_harness.servers.named import named_server
from lock_harness.servers.server import Server
from tests.frontends.command import within

# 20, without the 3 that are reserved for superusers
USABLE = 17
LIMIT = 8


class Small(NamedTuple):
    """Addresses of one server: of a superuser, of a role and of a database with a limit of their own."""

    superuser: str
    role: str
    database: str


@pytest.fixture(scope="module")
def small() -> Iterator[Small]:
    with postmaster({"max_connections": "20"}) as running:
        dsn = running.server.dsn
        with address.connect(dsn, "test") as conn:
            conn.execute(f"CREATE ROLE modest LOGIN CONNECTION LIMIT {LIMIT}")
            conn.execute("CREATE ROLE plain LOGIN")
            conn.execute(f"CREATE DATABASE little CONNECTION LIMIT {LIMIT}")
        yield Small(
            dsn,
            address.with_options(dsn, user="modest"),
            address.with_options(dsn, user="plain", dbname="little"),
        )


def limits(dsn: str) -> list[tuple[str, int, int]]:
    with address.connect(dsn, "test") as conn:
        return [(limit.subject, limit.most, limit.used) for limit in connection_limits(conn)]


def test_the_reserved_connections_count_as_taken(small: Small) -> None:
    assert within(5, lambda: limits(small.superuser) == [("the server", USABLE, 1)])


def test_the_limit_of_a_role_counts_the_sessions_of_this_role(small: Small) -> None:
    with address.connect(small.superuser, "test"), address.connect(small.role, "test"):
        assert within(5, lambda: limits(small.role)[1:] == [("the role modest", LIMIT, 2)])


def test_the_limit_of_a_database_counts_the_sessions_in_it(small: Small) -> None:
    with address.connect(small.role, "test"):
        assert within(5, lambda: limits(small.database)[1:] == [("the database little", LIMIT, 1)])


def test_a_superuser_has_no_limit_of_the_database(small: Small) -> None:
    dsn = address.with_options(small.superuser, dbname="little")
    assert [subject for subject, *_ in limits(dsn)] == ["the server"]


def test_the_limit_that_is_reached_first_is_the_tightest(small: Small) -> None:
    with address.connect(small.role, "test") as conn:
        expected = ConnectionLimit("the role modest", LIMIT, 1, "its CONNECTION LIMIT")
        assert within(5, lambda: tightest_limit(conn) == expected)
        assert expected.free == LIMIT - 1


@pytest.mark.parametrize(
    ("name", "subject"),
    [("superuser", "the server"), ("role", "the role modest"), ("database", "the database little")],
)
def test_actors_that_do_not_fit_make_a_program_not_applicable(small: Small, name: str, subject: str) -> None:
    server = named_server(getattr(small, name))
    with open_arena(server, LockSpec(), Bounds()) as arena:
        assert len(arena.gather(5)) == 5
        with pytest.raises(NotApplicable) as raised:
            arena.gather(16)
        assert len(arena.gather(5)) == 5
    assert str(raised.value).startswith("16 actors and 2 spare ones need ")
    assert f"but {subject} has " in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_scenario_that_draws_too_many_actors_after_some_examples_is_not_applicable(small: Small) -> None:
    draw = Draw({"acquire": 1}, actors=(2, 12), months=(1, 1), steps=(2, 4))
    job = Job(Scenario(draw, name="growing"), Plan(examples=60, seed=1))
    finished: list[Progress] = []
    with pytest.raises(NotApplicable, match="the role modest has "):
        run_job(job, named_server(small.role), finished.append)
    assert finished


def test_an_actor_that_the_server_refuses_makes_a_program_not_applicable(small: Small) -> None:
    with open_arena(named_server(small.role), LockSpec(), Bounds()) as arena:
        arena.pool.reserve(LIMIT + 2)
        why = r"the server has no connection left for another actor: .*too many"
        with pytest.raises(NotApplicable, match=why):
            arena.warm_actors.extend(arena.pool.take() for _ in range(LIMIT + 2))


def test_a_server_without_room_for_one_actor_ends_the_run_with_the_remedy(small: Small) -> None:
    server = named_server(small.role)
    with contextlib.ExitStack() as stack:
        for _ in range(LIMIT - 3):
            stack.enter_context(address.connect(small.role, "test"))
        arena = open_arena(server, LockSpec(), Bounds())
        with pytest.raises(
            UserError, match=r"one and 2 spare ones need 3 more .* raise its CONNECTION LIMIT"
        ):
            stack.enter_context(arena)


def connections_line(dsn: str) -> Diagnosis:
    return next(one for one in examine(dsn) if one.subject == "connections")


def test_the_doctor_reports_how_many_actors_fit(small: Small) -> None:
    assert within(5, lambda: "17 used" not in connections_line(small.superuser).text)
    assert connections_line(small.superuser) == Diagnosis(
        "note",
        "connections",
        "the server has 20, of which 3 are reserved and 1 used; up to 14 actors fit, "
        "and scenarios with more are skipped",
    )
    assert connections_line(small.role).text.endswith(
        "the role modest may have 8, of which 1 are used; up to 5 actors fit, and scenarios with more are skipped"
    )


def test_the_doctor_is_content_with_enough_connections(lock_server: Server) -> None:
    diagnosis = connections_line(lock_server.dsn)
    assert diagnosis.level == "good"
    assert "skipped" not in diagnosis.text
    assert str(conninfo_to_dict(lock_server.dsn)["user"]) not in diagnosis.text


def test_the_doctor_knows_what_the_harness_and_its_scenarios_need() -> None:
    scenarios = load_scenarios(find_scenarios([SHIPPED])).values()
    drawn = [
        one.what for one in scenarios if isinstance(one.what, Draw) and not (one.planted or one.on_request)
    ]
    assert max(draw.actors[1] for draw in drawn) == MOST_ACTORS
    assert BESIDES_ACTORS == 1 + SPARES
