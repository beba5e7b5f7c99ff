"""What is measured: numbers out of histories written by hand."""

from harness.figures import spread


def test_the_99th_percentile_is_by_nearest_rank() -> None:
    values = spread([float(number) for number in range(1, 101)])
    assert values is not None
    assert (values.median_ms, values.p99_ms, values.max_ms) == (50.5, 99.0, 100.0)
