"""The state of a session, as statements in the session itself show it."""

from collections.abc import Callable

import psycopg
import pytest

from lock_harness.actors.inspection import IN_TRANSACTION, inspect_session, restore_session
from lock_harness.core.history import SessionState
from lock_harness.locks.month_lock import MonthLock
from lock_harness.servers.server import Server
from tests.live.conftest import Connection

Execute = Callable[[str], str | None]


def executor(conn: Connection) -> Execute:
    def execute(sql: str) -> str | None:
        cursor = conn.execute(sql.encode())
        row = cursor.fetchone() if cursor.description else None
        return str(row[0]) if row else None

    return execute


@pytest.mark.parametrize(
    ("statements", "state"),
    [
        ([], ()),
        (["SET lock_timeout = 200"], ("lock_timeout=200",)),
        (["SET lock_timeout = 200", "SET statement_timeout = '1s'"], ("lock_timeout=200", "statement_timeout=1000")),
        # the setting has its value again
        (["SET lock_timeout = 200", "SET lock_timeout = 0"], ()),
        (["SET lock_timeout = 200", "RESET lock_timeout"], ()),
        # outside a transaction it has no effect
        (["SET LOCAL lock_timeout = 200"], ()),
        (["BEGIN"], (IN_TRANSACTION,)),
        (["BEGIN", "SET LOCAL lock_timeout = 200"], ("lock_timeout=200", IN_TRANSACTION)),
        (["BEGIN", "SET LOCAL lock_timeout = 200", "COMMIT"], ()),
    ],
)  # fmt: skip
def test_the_state_has_the_changed_settings_and_the_open_transaction(
    first: Connection, statements: list[str], state: SessionState
) -> None:
    execute = executor(first)
    for statement in statements:
        execute(statement)
    assert inspect_session(execute, holds=True) == state
    restore_session(execute, ())
    assert inspect_session(execute, holds=True) == ()


def test_an_aborted_transaction_raises_its_error(first: Connection) -> None:
    execute = executor(first)
    execute("BEGIN")
    with pytest.raises(psycopg.errors.DivisionByZero):
        execute("SELECT 1 / 0")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        inspect_session(execute, holds=False)


@pytest.mark.parametrize("holds", [True, False])
def test_a_client_that_begins_transactions_itself_is_rolled_back_unless_it_holds(
    lock_server: Server, holds: bool
) -> None:
    with psycopg.connect(lock_server.dsn) as conn:
        assert inspect_session(executor(conn), holds=holds) == (IN_TRANSACTION,)
        assert (conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS) == holds


def test_restoring_a_session_changes_again_what_was_changed_when_it_was_new(first: Connection) -> None:
    execute = executor(first)
    execute("SET search_path = 'a b', c")
    state = inspect_session(execute, holds=False)
    execute("SET search_path = d")
    execute("SET lock_timeout = 7")
    restore_session(execute, state)
    assert inspect_session(execute, holds=False) == state


def test_the_reference_lock_executes_statements_in_its_own_session(lock_server: Server) -> None:
    lock = MonthLock(lock_server.dsn)
    assert lock.execute("SET lock_timeout = 5") is None
    assert lock.execute("SELECT 42") == "42"
    assert inspect_session(lock.execute, holds=False) == ("lock_timeout=5",)
    lock.close()
