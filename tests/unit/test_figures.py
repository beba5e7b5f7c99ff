"""Distributions of measured durations."""

from lock_harness.figures.distribution import Distribution
from tests.histories import MS


def distribution_of(*values_ms: float) -> Distribution:
    distribution = Distribution()
    distribution.add(int(value * MS) for value in values_ms)
    return distribution


def test_the_99th_percentile_of_a_distribution_is_by_nearest_rank() -> None:
    values = distribution_of(*range(1, 101)).spread()
    assert values is not None
    assert (values.count, values.median_ms, values.p99_ms, values.max_ms) == (100, 50.5, 99.0, 100.0)


def test_a_repeated_duration_counts_as_often_as_it_occurs() -> None:
    values = distribution_of(*[1.0] * 98, 7.0, 9.0).spread()
    assert values is not None
    assert (values.median_ms, values.p99_ms, values.max_ms) == (1.0, 7.0, 9.0)


def test_a_duration_is_rounded_to_three_digits_and_the_maximum_is_exact() -> None:
    values = distribution_of(1.23456, 1234.56).spread()
    assert values is not None
    assert (values.median_ms, values.p99_ms, values.max_ms) == (615.615, 1230.0, 1234.56)


def test_no_percentile_exceeds_the_maximum() -> None:
    values = distribution_of(10.896).spread()
    assert values is not None
    assert (values.median_ms, values.p99_ms, values.max_ms) == (10.896, 10.896, 10.896)


def test_a_distribution_without_durations_has_no_spread_and_no_buckets() -> None:
    assert distribution_of().spread() is None
    assert distribution_of().buckets((1, 2)) == ()


def test_a_bucket_counts_the_durations_up_to_its_bound() -> None:
    assert distribution_of(0.0, 0.3, 1.0, 1.1, 2.0, 30.0).buckets((1, 2, 5)) == (3, 2, 0, 1)
