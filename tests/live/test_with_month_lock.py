"""The wrappers of the reference lock, `month_lock` and `with_month_lock`, on a live server."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from lock_harness.locks.month_lock import (
    MonthLockLost,
    MonthLockTimeout,
    acquire_month_lock,
    month_lock,
    release_month_lock,
    with_month_lock,
)
from tests.live.conftest import Connection
from tests.live.months import LONG_MS, MONTH, YEAR, is_free


def raiser(error: BaseException) -> Callable[[], None]:
    def fn() -> None:
        raise error

    return fn


def test_with_month_lock_holds_while_fn_runs_and_returns_what_fn_returns(
    first: Connection, second: Connection
) -> None:
    seen = with_month_lock(first, YEAR, MONTH, lambda: ("free", is_free(second)), 0)
    assert seen == ("free", False)
    assert is_free(second)


@pytest.mark.parametrize(
    "error", [ValueError("mine"), StopIteration(3), KeyboardInterrupt(), MonthLockTimeout("fn's")]
)
def test_with_month_lock_raises_the_exception_of_fn_unchanged_and_releases(
    first: Connection, second: Connection, error: BaseException
) -> None:
    with pytest.raises(type(error)) as raised:
        with_month_lock(first, YEAR, MONTH, raiser(error), 0)
    assert raised.value is error
    assert is_free(second)


def test_with_month_lock_does_not_run_fn_without_the_lock(first: Connection, second: Connection) -> None:
    ran: list[bool] = []
    assert acquire_month_lock(first, YEAR, MONTH, 0)
    with pytest.raises(MonthLockTimeout, match="month 2080-06 was not free within 5 ms"):
        with_month_lock(second, YEAR, MONTH, lambda: ran.append(True), 5)
    assert ran == []
    assert not is_free(second)


def test_with_month_lock_inside_itself_keeps_the_month(first: Connection, second: Connection) -> None:
    def outer() -> bool:
        assert with_month_lock(first, YEAR, MONTH, lambda: True, 0)
        return is_free(second)

    assert with_month_lock(first, YEAR, MONTH, outer, 0) is False
    assert is_free(second)


def test_the_exception_of_fn_is_kept_when_the_release_fails(first: Connection, second: Connection) -> None:
    error = ValueError("mine")

    def fn() -> None:
        second.execute("SELECT pg_terminate_backend(%s, %s)", (first.info.backend_pid, LONG_MS))
        raise error

    with pytest.raises(ValueError, match="mine") as raised:
        with_month_lock(first, YEAR, MONTH, fn, 0)
    assert raised.value is error
    assert "the month lock was not released" in raised.value.__notes__[0]
    assert is_free(second)


def test_the_result_of_fn_does_not_hide_that_the_lock_was_lost(first: Connection) -> None:
    with pytest.raises(MonthLockLost, match="2080-06 was not held any more"):
        with_month_lock(first, YEAR, MONTH, lambda: release_month_lock(first, YEAR, MONTH), 0)


def test_a_session_that_ends_while_fn_runs_has_lost_the_lock(first: Connection, second: Connection) -> None:
    def fn() -> None:
        second.execute("SELECT pg_terminate_backend(%s, %s)", (first.info.backend_pid, LONG_MS))

    with pytest.raises(MonthLockLost, match="2080-06 was not held any more") as raised:
        with_month_lock(first, YEAR, MONTH, fn, 0)
    assert isinstance(raised.value.__cause__, psycopg.OperationalError)


def fail(conn: Connection) -> None:
    conn.execute("BEGIN")
    conn.execute("SELECT 1 / 0")


def test_the_month_is_released_if_fn_leaves_an_aborted_transaction_and_raises(
    first: Connection, second: Connection
) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        with_month_lock(first, YEAR, MONTH, lambda: fail(first), 0)
    assert is_free(second)


def test_the_month_is_released_if_fn_leaves_an_aborted_transaction_and_returns(
    first: Connection, second: Connection
) -> None:
    def fn() -> str:
        with pytest.raises(psycopg.errors.DivisionByZero):
            fail(first)
        return "done"

    assert with_month_lock(first, YEAR, MONTH, fn, 0) == "done"
    assert is_free(second)
    assert first.info.transaction_status == TransactionStatus.IDLE


def test_without_autocommit_an_aborted_transaction_does_not_keep_the_month(
    first: Connection, second: Connection
) -> None:
    first.set_autocommit(False)
    with pytest.raises(psycopg.errors.DivisionByZero):
        with_month_lock(first, YEAR, MONTH, lambda: first.execute("SELECT 1 / 0"), 0)
    assert is_free(second)


def test_an_open_transaction_of_fn_is_left_open(first: Connection, second: Connection) -> None:
    with_month_lock(first, YEAR, MONTH, lambda: first.execute("BEGIN"), 0)
    assert first.info.transaction_status == TransactionStatus.INTRANS
    assert is_free(second)


def test_month_lock_yields_whether_it_was_acquired(first: Connection, second: Connection) -> None:
    with month_lock(first, YEAR, MONTH, 0) as acquired:
        assert acquired is True
        with month_lock(second, YEAR, MONTH, 0) as acquired_too:
            assert acquired_too is False
        # the wrapper that did not acquire the lock released nothing
        assert not is_free(second)
    assert is_free(second)
