"""All checks on simulated histories: of a correct lock under faults, and of broken locks."""

import pytest

from lock_harness.checks import judge
from lock_harness.core.verdict import Bounds
from simulation import DEFECTS, faulty_history
from simulation.server import Defect

SEEDS = range(200)


@pytest.mark.parametrize("faults", [0, 1, 2, 4, 8])
def test_every_check_holds_for_a_correct_lock_under_faults(faults: int) -> None:
    for seed in SEEDS:
        statuses = {verdict.status for verdict in judge(faulty_history(seed, faults), Bounds())}
        assert statuses == {"holds"}, f"seed {seed}"


@pytest.mark.parametrize("faults", [1, 2, 4, 8])
def test_every_check_holds_for_a_client_that_opens_another_connection_in_its_session(faults: int) -> None:
    for seed in SEEDS:
        verdicts = judge(faulty_history(seed, faults, reconnects=True), Bounds())
        assert {verdict.status for verdict in verdicts} == {"holds"}, f"seed {seed}"


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize("reconnects", [False, True], ids=["", "opens another connection"])
def test_every_planted_defect_violates_a_check_in_one_of_ten_histories(
    defect: Defect, reconnects: bool
) -> None:
    histories = (faulty_history(seed, faults=2, defect=defect, reconnects=reconnects) for seed in SEEDS)
    violated = sum(
        any(verdict.status == "violated" for verdict in judge(history, Bounds())) for history in histories
    )
    # one of ten histories is enough, since a defect need not show in each
    assert violated > len(SEEDS) / 10
