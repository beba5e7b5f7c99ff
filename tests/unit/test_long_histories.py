"""The time of every check is proportional to the length of the history."""

from random import Random
from time import process_time

import msgspec
import pytest

from lock_harness.analysis.view import View
from lock_harness.checks import CHECKS
from lock_harness.checks.linearizable import linearizable
from lock_harness.core.history import History
from lock_harness.core.verdict import Bounds
from simulation import race_history

SMALL, LARGE = 2_000, 16_000
# eight times the operations take 8 times the time if it is proportional, and 64 times if it grows with the square
MAX_RATIO = 24
# shorter times are too imprecise to compare
MIN_S = 0.002


def with_wrong_answers(history: History) -> History:
    """Return the history with one answer in twenty inverted."""
    random = Random(1)
    events = (
        msgspec.structs.replace(event, answer=not event.answer)
        if event.answer is not None and random.random() < 0.05
        else event
        for event in history.events
    )
    return msgspec.structs.replace(history, events=tuple(events))


def times(history: History) -> dict[str, float]:
    """Return the seconds of each check, the best of three.  The time of a shared part counts for the first check that needs it."""
    best: dict[str, float] = {}
    for _ in range(3):
        view = View(history, Bounds())
        for check in CHECKS:
            began = process_time()
            check(view)
            taken = process_time() - began
            best[check.__name__] = min(taken, best.get(check.__name__, taken))
    return best


@pytest.mark.parametrize("indeterminate", [0.0, 0.2])
@pytest.mark.parametrize("wrong_answers", [False, True])
def test_the_time_of_no_check_grows_faster_than_the_history(
    indeterminate: float, wrong_answers: bool
) -> None:
    small, large = (race_history(size, indeterminate) for size in (SMALL, LARGE))
    short, long = (
        times(with_wrong_answers(history) if wrong_answers else history) for history in (small, large)
    )
    slow = {
        name: (short[name], taken) for name, taken in long.items() if taken > MIN_S + MAX_RATIO * short[name]
    }
    assert not slow


@pytest.mark.parametrize("indeterminate", [0.0, 0.2])
def test_a_simulated_race_is_linearizable(indeterminate: float) -> None:
    assert linearizable(View(race_history(5_000, indeterminate, seed=7), Bounds())).status == "holds"
