"""The functions of the reference lock on a live server."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from lock_harness.locks.interface import AdvisoryLock, LockClient, verbs_of
from lock_harness.locks.month_lock import (
    MonthLock,
    acquire_month_lock,
    get_all_advisory_locks,
    is_month_locked,
    release_month_lock,
    with_month_lock,
)
from lock_harness.servers.server import Server, private_database
from tests.frontends.command import within
from tests.live.conftest import Connect, Connection
from tests.live.months import KEY, LONG_MS, MONTH, YEAR, is_free


class Watched(Connection):
    """A connection that records the times of its statements."""

    asked_at: list[float]

    def execute(self, *arguments: Any, **options: Any) -> psycopg.Cursor[Any]:
        self.asked_at.append(time.monotonic())
        return super().execute(*arguments, **options)


@pytest.fixture
def watched(lock_server: Server) -> Iterator[Watched]:
    with Watched.connect(lock_server.dsn, autocommit=True) as conn:
        conn.asked_at = []
        yield conn


# Acquire and release


def test_a_free_month_is_granted_a_held_one_is_refused_and_a_released_one_is_granted(
    first: Connection, second: Connection
) -> None:
    assert acquire_month_lock(first, YEAR, MONTH, 0) is True
    assert acquire_month_lock(second, YEAR, MONTH, 0) is False
    assert release_month_lock(first, YEAR, MONTH) is True
    assert acquire_month_lock(second, YEAR, MONTH, 0) is True


def test_holding_a_month_leaves_other_months_and_years_free(first: Connection, second: Connection) -> None:
    assert acquire_month_lock(first, YEAR, MONTH, 0)
    assert acquire_month_lock(second, YEAR, MONTH + 1, 0)
    assert acquire_month_lock(second, YEAR + 1, MONTH, 0)


def test_timeout_0_makes_exactly_one_attempt(first: Connection, watched: Watched) -> None:
    assert acquire_month_lock(first, YEAR, MONTH, 0)
    assert acquire_month_lock(watched, YEAR, MONTH, 0) is False
    assert len(watched.asked_at) == 1


@pytest.mark.parametrize("timeout_ms", [0, 1, 7, 12.5, 60])
def test_acquire_returns_false_not_before_the_timeout_and_after_a_last_attempt(
    first: Connection, watched: Watched, timeout_ms: float
) -> None:
    assert acquire_month_lock(first, YEAR, MONTH, 0)
    began = time.monotonic()
    assert acquire_month_lock(watched, YEAR, MONTH, timeout_ms) is False
    assert time.monotonic() >= began + timeout_ms / 1000
    if timeout_ms:
        assert watched.asked_at[-1] >= began + timeout_ms / 1000


def test_a_waiter_gets_the_month_when_it_is_released(first: Connection, watched: Watched) -> None:
    assert acquire_month_lock(first, YEAR, MONTH, 0)
    with ThreadPoolExecutor(1) as executor:
        waiter = executor.submit(acquire_month_lock, watched, YEAR, MONTH, LONG_MS)
        assert within(5, lambda: len(watched.asked_at) > 2)
        assert not waiter.done()
        assert release_month_lock(first, YEAR, MONTH)
        assert waiter.result() is True
    assert not is_free(first)


def test_two_acquires_need_two_releases(first: Connection, second: Connection) -> None:
    assert acquire_month_lock(first, YEAR, MONTH, 0)
    assert acquire_month_lock(first, YEAR, MONTH, 0)
    assert release_month_lock(first, YEAR, MONTH) is True
    assert not is_free(second)
    assert release_month_lock(first, YEAR, MONTH) is True
    assert is_free(second)
    assert release_month_lock(first, YEAR, MONTH) is False


def test_releasing_a_month_that_is_not_held_returns_false_silently(
    first: Connection, second: Connection, capfd: pytest.CaptureFixture[str]
) -> None:
    assert release_month_lock(first, YEAR, MONTH) is False
    assert acquire_month_lock(second, YEAR, MONTH, 0)
    assert release_month_lock(first, YEAR, MONTH) is False
    assert not is_free(first)
    assert capfd.readouterr() == ("", "")


def test_closing_a_connection_frees_its_month(first: Connection, second: Connection) -> None:
    assert acquire_month_lock(first, YEAR, MONTH, 0)
    first.close()
    assert acquire_month_lock(second, YEAR, MONTH, LONG_MS)


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_the_lock_outlives_a_transaction(first: Connection, second: Connection, end: str) -> None:
    first.execute("BEGIN")
    assert acquire_month_lock(first, YEAR, MONTH, 0)
    first.execute(end)
    assert not is_free(second)
    assert release_month_lock(first, YEAR, MONTH)


# Reading the state of locks


def test_is_month_locked_is_true_only_while_the_month_is_held(first: Connection, second: Connection) -> None:
    assert is_month_locked(second, YEAR, MONTH) is False
    acquire_month_lock(first, YEAR, MONTH, 0)
    assert is_month_locked(second, YEAR, MONTH) is True
    assert is_month_locked(first, YEAR, MONTH) is True
    assert is_month_locked(second, YEAR, MONTH + 1) is False
    release_month_lock(first, YEAR, MONTH)
    assert is_month_locked(second, YEAR, MONTH) is False


@pytest.mark.parametrize("twin", [f"0, {KEY}", f"{KEY}, 0", str(KEY + 2**32), str(KEY - 2**32), str(-KEY)])
def test_a_key_that_only_looks_alike_does_not_lock_the_month(
    first: Connection, second: Connection, twin: str
) -> None:
    first.execute(f"SELECT pg_advisory_lock({twin})")
    assert is_month_locked(second, YEAR, MONTH) is False
    assert is_free(second)


def test_a_lock_in_another_database_does_not_lock_the_month(our_server: Server, first: Connection) -> None:
    with (
        private_database(our_server, "another_database") as other,
        psycopg.connect(other.dsn, autocommit=True) as there,
    ):
        assert acquire_month_lock(there, YEAR, MONTH, 0)
        assert is_month_locked(there, YEAR, MONTH)
        assert not is_month_locked(first, YEAR, MONTH)
        assert locks_of(first, there) == []
        assert is_free(first)


def locks_of(asker: Connection, *holders: Connection) -> list[AdvisoryLock]:
    pids = [conn.info.backend_pid for conn in holders]
    return [lock for lock in get_all_advisory_locks(asker) if lock.pid in pids]


@contextmanager
def waiting(conn: Connection) -> Iterator[None]:
    """Make `conn` wait in the server for the month; it acquires the month some time after the block."""
    waiter = threading.Thread(target=conn.execute, args=(f"SELECT pg_advisory_lock({KEY})",))
    waiter.start()
    try:
        yield
    finally:
        waiter.join()


def test_all_advisory_locks_distinguishes_holders_from_waiters(connect: Connect) -> None:
    asker, holder, waiter = connect("asker"), connect("a holder"), connect("a waiter")
    assert acquire_month_lock(holder, YEAR, MONTH, 0)
    with waiting(waiter):
        try:
            assert within(5, lambda: len(locks_of(asker, holder, waiter)) == 2)
            locks = locks_of(asker, holder, waiter)
        finally:
            release_month_lock(holder, YEAR, MONTH)
    shown = [(lock.lock_key, lock.pair, lock.mode, lock.application_name, lock.granted) for lock in locks]
    assert shown == [
        (KEY, False, "ExclusiveLock", "a holder", True),
        (KEY, False, "ExclusiveLock", "a waiter", False),
    ]
    assert [lock.pid for lock in locks] == [holder.info.backend_pid, waiter.info.backend_pid]
    assert [lock.granted for lock in locks_of(asker, holder, waiter)] == [True]


@pytest.mark.parametrize(
    ("arguments", "key", "pair"),
    [
        (str(KEY), KEY, False),
        ("-1", -1, False),
        (str(2**63 - 1), 2**63 - 1, False),
        (str(-(2**63)), -(2**63), False),
        (f"0, {KEY}", KEY, True),
        ("-1, -1", -1, True),
        ("7, 9", 7 * 2**32 + 9, True),
    ],
)
def test_all_advisory_locks_shows_every_kind_of_key(
    first: Connection, second: Connection, arguments: str, key: int, pair: bool
) -> None:
    first.execute(f"SELECT pg_advisory_lock_shared({arguments})")
    (lock,) = locks_of(second, first)
    assert (lock.lock_key, lock.pair, lock.mode, lock.granted) == (key, pair, "ShareLock", True)


def test_the_reference_lock_is_a_lock_client_with_all_optional_verbs(
    lock_server: Server, first: Connection
) -> None:
    client = MonthLock(lock_server.dsn)
    assert isinstance(client, LockClient)
    assert {*verbs_of(client)} == {"hold", "sql_error", "is_locked", "list", "believes", "inspect"}
    assert client.acquire(YEAR, MONTH, 0)
    assert client.is_locked(YEAR, MONTH)
    assert client.key(YEAR, MONTH) in [lock.lock_key for lock in client.all_locks()]
    client.close()
    assert acquire_month_lock(first, YEAR, MONTH, LONG_MS)


# Invalid arguments


@pytest.mark.parametrize(
    ("year", "month", "named"), [(1999, 1, "1999"), (2100, 1, "2100"), (2080, 0, "0"), (2080, 13, "13")]
)
def test_a_month_that_does_not_exist_is_rejected_with_its_value(
    first: Connection, year: int, month: int, named: str
) -> None:
    actions: list[Callable[[], object]] = [
        lambda: acquire_month_lock(first, year, month, 0),
        lambda: release_month_lock(first, year, month),
        lambda: with_month_lock(first, year, month, lambda: None, 0),
        lambda: is_month_locked(first, year, month),
    ]
    for action in actions:
        with pytest.raises(ValueError, match=rf"must be a whole number .* not {named}$"):
            action()


@pytest.mark.parametrize("timeout_ms", [-1, -0.5, float("nan"), float("inf")])
def test_an_invalid_timeout_is_rejected_with_its_value(watched: Watched, timeout_ms: float) -> None:
    with pytest.raises(ValueError, match=rf"timeout_ms must be .* not {re.escape(repr(timeout_ms))}$"):
        acquire_month_lock(watched, YEAR, MONTH, timeout_ms)
    assert watched.asked_at == []
