"""Runs that an earlier version saved can still be replayed, in each mode."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from lock_harness.frontends.replay import replay

FORMAT_1 = Path(__file__).parents[1] / "data" / "format_1"
TIMES = 3
TIMES_OF_RACE = 40  # it failed in 3 of 10 repeats when it was saved


def replayed(name: str, times: int) -> tuple[int, str]:
    """Replay the run `times` times, and return how many of them failed, and the output."""
    shown = io.StringIO()
    exit_code = replay(FORMAT_1 / f"{name}.json", times, None, None, Console(file=shown))
    failed = re.search(rf"failed (\d+) of {times} times", shown.getvalue())
    assert failed is not None
    assert (exit_code == 1) == (failed[1] != "0")
    return int(failed[1]), shown.getvalue()


@pytest.mark.usefixtures("our_server")
@pytest.mark.parametrize("name", ["release_frees_all", "check_then_act"])
def test_a_deterministic_run_of_format_1_fails_each_time_it_is_replayed(name: str) -> None:
    failed, shown = replayed(name, TIMES)
    assert failed == TIMES
    assert "mutual_exclusion" in shown


@pytest.mark.usefixtures("our_server")
def test_a_race_of_format_1_fails_again_when_it_is_replayed() -> None:
    pytest.importorskip("libfaketime")
    failed, shown = replayed("wall_clock", TIMES_OF_RACE)
    assert failed > 0
    assert "timeout_not_early" in shown
