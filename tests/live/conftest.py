"""Fixtures for tests that need a live server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lock_harness.servers.server import Server

Connection = psycopg.Connection[Any]
Connect = Callable[[str], Connection]


def one(conn: Connection, query: str, *values: object) -> Any:
    """Return the single value of a query."""
    row = conn.execute(query, values).fetchone()
    assert row is not None
    return row[0]


def processes_in(directory: Path) -> list[int]:
    """Return the processes whose working directory is, or was, inside `directory`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and str((entry / "cwd").readlink()).startswith(str(directory)):
                found.append(int(entry.name))
        except OSError:
            # the process has ended, or belongs to another user
            continue
    return found


@pytest.fixture(autouse=True)
def _reports_elsewhere(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Write the reports of these tests to a temporary directory."""
    monkeypatch.setattr(request.config.option, "lock_reports", tmp_path / "reports")


@pytest.fixture
def connect(lock_server: Server) -> Iterator[Connect]:
    """Opens autocommit connections with the given application_name, and closes them after the test."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(
            psycopg.connect(lock_server.dsn, autocommit=True, application_name=name)
        )


@pytest.fixture
def first(connect: Connect) -> Connection:
    return connect("first")


@pytest.fixture
def second(connect: Connect) -> Connection:
    return connect("second")


@pytest.fixture
def our_server(lock_server: Server) -> Server:
    """A server on which objects may be created."""
    if not lock_server.ours:
        pytest.skip("nothing may be created on a server that the user named")
    return lock_server
