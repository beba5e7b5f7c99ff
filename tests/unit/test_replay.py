"""What runs without a failure prove about a lock that failed before."""

import pytest

from lock_harness.exploration.again import MAX_CHANCE
from lock_harness.frontends.replay import describe_too_few, runs_needed
from tests.runs import run


@pytest.mark.parametrize(
    ("repeats", "needed"),
    [((10, 10), 1), ((1, 1), 1), ((5, 10), 7), ((1, 10), 44), ((0, 10), 90), ((0, 1), 90), (None, 90)],
)
def test_a_rare_failure_needs_many_runs_without_it(repeats: tuple[int, int] | None, needed: int) -> None:
    assert runs_needed(run(repeats=repeats)) == needed


def test_a_lock_that_still_fails_passes_that_many_runs_only_by_a_small_chance() -> None:
    needed = runs_needed(run(repeats=(3, 10)))
    assert 0.7**needed <= MAX_CHANCE < 0.7 ** (needed - 1)


def test_a_run_that_held_needs_no_runs() -> None:
    assert runs_needed(run(status="holds", repeats=None)) == 0


def test_runs_that_prove_nothing_say_how_many_would() -> None:
    text = describe_too_few(run(repeats=(1, 10)), 10, 44)
    assert text.startswith(
        "This proves nothing: the saved program failed 1 of 10 times when it was run again"
    )
    assert "10 runs without a failure" in text
    assert "--times 44" in text
    assert "failed once" in describe_too_few(run(repeats=None), 10, 90)
