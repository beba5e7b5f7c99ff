"""Judging takes time in proportion to the history: eight times the operations, about eight times the time."""

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
TOO_MUCH = 24  # times as long: between 8, in proportion, and 64, with the square
TOO_SHORT_S = 0.002  # to be compared


def spoiled(history: History) -> History:
    """One answer in twenty turned into its contrary."""
    random = Random(1)
    events = (
        msgspec.structs.replace(event, answer=not event.answer)
        if event.answer is not None and random.random() < 0.05
        else event
        for event in history.events
    )
    return msgspec.structs.replace(history, events=tuple(events))


def times(history: History) -> dict[str, float]:
    """Seconds that each check takes, the first one to ask for it also for what they share; the best of three."""
    best: dict[str, float] = {}
    for _ in range(3):
        view = View(history, Bounds())
        for check in CHECKS:
            began = process_time()
            check(view)
            taken = process_time() - began
            best[check.__name__] = min(taken, best.get(check.__name__, taken))
    return best


@pytest.mark.parametrize("unsure", [0.0, 0.2])
@pytest.mark.parametrize("wrong", [False, True])
def test_no_check_takes_longer_than_in_proportion(unsure: float, wrong: bool) -> None:
    small, large = (race_history(size, unsure) for size in (SMALL, LARGE))
    short, long = (times(spoiled(history) if wrong else history) for history in (small, large))
    slow = {
        name: (short[name], taken)
        for name, taken in long.items()
        if taken > TOO_SHORT_S + TOO_MUCH * short[name]
    }
    assert not slow


@pytest.mark.parametrize("unsure", [0.0, 0.2])
def test_a_simulated_race_has_an_order(unsure: float) -> None:
    assert linearizable(View(race_history(5_000, unsure, seed=7), Bounds())).status == "holds"
