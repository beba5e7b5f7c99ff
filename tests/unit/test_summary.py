"""One line for each run, and the exit code of many."""

from typing import Any

import msgspec
import pytest

from lock_harness.core.program import Program
from lock_harness.core.run import Coverage, Figures, Run, ScopeCoverage, Shrinking, Spread
from lock_harness.figures import merge_figures
from lock_harness.programs.steps import acquire, program
from lock_harness.render.summary import describe_waits, exit_code, histogram, line, merged
from lock_harness.render.totals import thin
from tests.histories import JAN
from tests.runs import BROKEN, run

WAITED = Figures(waits=Spread(20, 14.52, 159.2, 189.0), wait_buckets=(2, 0, 0, 9, 18, *[0] * 8), overtaken=15)


def test_the_summary_shows_beliefs_in_lost_locks_below_the_figures() -> None:
    figures = Figures(examples=3, belief=Spread(4, 3.14, 40.0, 41.2), shared_ms=12.04)
    assert line(run(figures=figures)).plain.splitlines()[1:] == [
        "      believed in a lost lock for 3.1 ms (max 41), while another session held it for up to 12.0 ms"
    ]
    alone = Figures(examples=3, belief=Spread(4, 3.14, 40.0, 41.2))
    assert line(run(figures=alone)).plain.endswith("believed in a lost lock for 3.1 ms (max 41)")


def test_the_summary_shows_the_waits_of_a_race_below_the_figures() -> None:
    race = Program(2, (JAN,), (), "race")
    assert line(run(figures=WAITED, program=race)).plain.splitlines()[1:] == [
        "      waited 14.5 ms for a taken month (p99 159, max 189), overtaken up to 15 times  0 ms ▁  ▄█ 20 ms"
    ]
    assert "waited" not in line(run(figures=WAITED)).plain, (
        "in lockstep the program decides how long an actor waits"
    )
    few = msgspec.structs.replace(WAITED, waits=Spread(19, 1.0, 1.0, 1.0))
    assert "waited" not in line(run(figures=few, program=race)).plain


def test_the_summary_of_a_race_that_was_shrunk_at_the_gate_shows_its_waits() -> None:
    race = msgspec.structs.replace(run().program, mode="race")
    at_gate = msgspec.structs.replace(race, mode="gate")
    figures = msgspec.structs.replace(WAITED, examples=3)
    shrunk = run(program=at_gate, shrinking=Shrinking(race, BROKEN), figures=figures)
    assert "waited 14.5 ms" in line(shrunk).plain


@pytest.mark.parametrize(("count", "words"), [(0, "never"), (1, "up to 1 time "), (2, "up to 2 times ")])
def test_the_summary_shows_how_often_a_wait_was_overtaken(count: int, words: str) -> None:
    assert f"overtaken {words}" in describe_waits(msgspec.structs.replace(WAITED, overtaken=count))


def test_a_histogram_shows_each_bucket_as_a_bar() -> None:
    assert histogram((0, 1, 0, 8, *[0] * 9)) == "1 ms ▁ █ 10 ms"
    assert histogram((*[0] * 12, 3)) == "5000 ms █ more"


@pytest.mark.parametrize(
    ("statuses", "expects", "code"),
    [
        (["holds", "holds"], None, 0),
        (["holds", "violated"], None, 1),
        (["holds", "unknown"], None, 3),
        (["unknown", "violated"], None, 1),
        (["violated"], "mutual_exclusion", 0),
        (["holds"], "mutual_exclusion", 1),
        (["unknown"], "mutual_exclusion", 1),
        ([], None, 0),
    ],
)
def test_the_exit_code_follows_from_the_statuses_of_all_runs(
    statuses: list[str], expects: str | None, code: int
) -> None:
    assert exit_code([run(status=status, expects=expects) for status in statuses]) == code


def test_the_runs_of_several_workers_are_merged_into_one() -> None:
    spread = Spread(10, 1.0, 2.0, 3.0)
    parts = [
        run(status="holds", figures=Figures(examples=100, seconds=2.0, unknown=1, release=spread)),
        run(figures=Figures(examples=50, seconds=3.0, belief=spread, shared_ms=2.0, overtaken=3)),
    ]
    whole = merged(parts)
    assert whole.status == "violated"
    assert whole.figures == Figures(
        examples=150, seconds=5.0, unknown=1, release=spread, belief=spread, shared_ms=2.0, overtaken=3
    )
    assert "150 examples" in line(whole).plain


def scoped(runs: tuple[int, ...], **fields: Any) -> Run:
    return run(status="holds", coverage=Coverage(scope=ScopeCoverage(runs, (6, 70, 4500))), **fields)


def test_the_programs_of_all_batches_are_added() -> None:
    whole = merged([scoped((6, 44, 0)), scoped((0, 26, 24))])
    assert whole.coverage.scope == ScopeCoverage((6, 70, 24), (6, 70, 4500))


def test_a_complete_scope_is_shown() -> None:
    complete = scoped((6, 70, 4500))
    assert thin(complete, 1) == ""
    assert "all 4,576 programs of up to 3 steps: none violates" in line(complete).plain


def test_an_incomplete_scope_is_thin() -> None:
    why = thin(scoped((6, 70, 1200)), 1)
    assert why == (
        "thin: all 76 programs of up to 2 steps, and 1,200 of 4,500 with 3: none violates; "
        "a longer --for runs the rest"
    )
    assert "all 6 programs of up to 1 step, and 2 of 70 with 2" in thin(scoped((6, 2, 0)), 1)
    assert thin(scoped((2, 0, 0)), 1).startswith("thin: 2 of 6 with 1: none violates")


def test_a_violation_of_a_scope_is_the_smallest_if_all_smaller_programs_were_run() -> None:
    two = program(acquire(0, JAN, 0), acquire(1, JAN, 0))
    found = scoped((6, 3, 0), program=two)
    found = msgspec.structs.replace(found, status="violated")
    text = "all 6 programs of up to 1 step, and 3 of 70 with 2: the smallest that violates has 2 steps"
    assert text in line(found).plain
    unsure = msgspec.structs.replace(scoped((5, 3, 0), program=two), status="violated")
    assert "one that violates has 2 steps" in line(unsure).plain


def test_a_merged_spread_is_the_widest_one() -> None:
    few, many = Spread(2, 9.0, 10.0, 11.0), Spread(10, 1.0, 2.0, 3.0)
    whole = merge_figures([Figures(release=few), Figures(release=many), Figures()])
    assert whole.release == Spread(12, 1.0, 10.0, 11.0)


def test_merged_wait_buckets_are_sums() -> None:
    buckets = merge_figures(
        [Figures(wait_buckets=(1, 2)), Figures(), Figures(wait_buckets=(3, 5))]
    ).wait_buckets
    assert buckets == (4, 7)
