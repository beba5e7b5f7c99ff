"""What is measured, added up."""

from lock_harness.figures.distribution import Distribution
from tests.histories import MS


def of(*values_ms: float) -> Distribution:
    distribution = Distribution()
    distribution.add(int(value * MS) for value in values_ms)
    return distribution


def test_the_99th_percentile_is_by_nearest_rank() -> None:
    values = of(*range(1, 101)).spread()
    assert values is not None
    assert (values.count, values.median_ms, values.p99_ms, values.max_ms) == (100, 50.5, 99.0, 100.0)


def test_a_value_that_comes_often_counts_often() -> None:
    values = of(*[1.0] * 98, 7.0, 9.0).spread()
    assert values is not None
    assert (values.median_ms, values.p99_ms, values.max_ms) == (1.0, 7.0, 9.0)


def test_three_digits_are_kept_and_the_maximum_as_it_is() -> None:
    values = of(1.23456, 1234.56).spread()
    assert values is not None
    assert (values.median_ms, values.p99_ms, values.max_ms) == (615.615, 1230.0, 1234.56)


def test_no_percentile_is_above_the_maximum() -> None:
    values = of(10.896).spread()
    assert values is not None
    assert (values.median_ms, values.p99_ms, values.max_ms) == (10.896, 10.896, 10.896)


def test_of_nothing_there_is_no_spread() -> None:
    assert of().spread() is None
    assert of().buckets((1, 2)) == ()


def test_a_bucket_has_what_is_at_most_its_bound() -> None:
    assert of(0.0, 0.3, 1.0, 1.1, 2.0, 30.0).buckets((1, 2, 5)) == (3, 2, 0, 1)
