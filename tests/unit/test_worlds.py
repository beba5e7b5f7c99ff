"""All checks, on what a correct lock does while faults strike, and on what broken ones do."""

from random import Random

import pytest

from lock_harness.checks import judge
from lock_harness.core.verdict import Bounds, Verdict
from tests.worlds import DEFECTS, World

MANY = 200


def verdicts(seed: int, faults: int, defect: str | None = None) -> tuple[Verdict, ...]:
    return judge(World(Random(seed), defect=defect).history(faults), Bounds())


@pytest.mark.parametrize("faults", [0, 1, 2, 4, 8])
def test_no_fault_makes_a_correct_lock_look_broken(faults: int) -> None:
    for seed in range(MANY):
        assert {one.status for one in verdicts(seed, faults)} == {"holds"}, f"seed {seed}"


@pytest.mark.parametrize("defect", DEFECTS)
def test_what_is_wrong_is_seen_while_faults_strike(defect: str) -> None:
    """Not each time, since it need not show."""
    broken = ({one.status for one in verdicts(seed, 2, defect)} & {"violated"} for seed in range(MANY))
    assert sum(map(bool, broken)) > MANY / 10
