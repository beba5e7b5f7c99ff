"""Runs that an earlier version saved can still be replayed, in each mode."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from lock_harness.frontends.replay import replay
from lock_harness.locks.loading import LockSpec
from lock_harness.locks.month_lock import MonthLock

FORMAT_1 = Path(__file__).parents[1] / "data" / "format_1"
TIMES = 3


class RefusesAtOnce(MonthLock):
    """The lock of the saved race: it gives up at once where it should wait, whatever the timing is."""

    def acquire(self, year: int, month: int, timeout_ms: int) -> bool:
        return not 0 < timeout_ms < 1500 and super().acquire(year, month, timeout_ms)


def replayed(name: str, times: int, lock: LockSpec | None = None) -> tuple[int, str]:
    """Replay the run `times` times, and return how many of them failed, and the output."""
    shown = io.StringIO()
    exit_code = replay(FORMAT_1 / f"{name}.json", times, lock, None, Console(file=shown))
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
def test_a_race_of_format_1_fails_each_time_it_is_replayed() -> None:
    failed, shown = replayed("refuses_at_once", TIMES, LockSpec(f"{__name__}:{RefusesAtOnce.__name__}"))
    assert failed == TIMES
    assert "timeout_not_early" in shown
