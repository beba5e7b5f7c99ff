"""The keys and arguments of the reference lock, without a server."""

import math
from typing import Any, cast

import psycopg
import pytest

from lock_harness.locks.month_lock import acquire_month_lock, get_month_lock_key

NO_CONNECTION = cast("psycopg.Connection[Any]", None)


@pytest.mark.parametrize(
    ("year", "month", "key"), [(2020, 1, 202001), (2024, 12, 202412), (2000, 1, 200001), (2099, 12, 209912)]
)
def test_the_key_of_a_month_is_its_year_and_month(year: int, month: int, key: int) -> None:
    assert get_month_lock_key(year, month) == key


def test_all_months_have_different_keys() -> None:
    assert (
        len({get_month_lock_key(year, month) for year in range(2000, 2100) for month in range(1, 13)}) == 1200
    )


@pytest.mark.parametrize(
    ("year", "month", "named"),
    [(1999, 1, "1999"), (2100, 1, "2100"), (2020, 0, "0"), (2020, 13, "13"), (2020, -1, "-1")],
)
def test_a_month_outside_the_range_has_no_key(year: int, month: int, named: str) -> None:
    with pytest.raises(ValueError, match=rf"not {named}$"):
        get_month_lock_key(year, month)


@pytest.mark.parametrize("year", [2020.5, "2020", True, None])
def test_a_year_that_is_not_a_whole_number_has_no_key(year: Any) -> None:
    with pytest.raises(ValueError, match="year must be a whole number"):
        get_month_lock_key(year, 1)


@pytest.mark.parametrize("timeout_ms", [-1, -0.001, math.nan, math.inf])
def test_a_negative_or_infinite_timeout_is_rejected(timeout_ms: float) -> None:
    with pytest.raises(ValueError, match="timeout_ms must be a finite number"):
        acquire_month_lock(NO_CONNECTION, 2020, 1, timeout_ms)
