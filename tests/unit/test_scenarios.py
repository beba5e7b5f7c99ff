"""Scenario files: found by themselves, named after their file, picked by name or folder."""

from pathlib import Path

import pytest

from harness.errors import UserError
from harness.faces.jobs import known_scenarios
from harness.fault import Fault
from harness.model import Month
from harness.scenario import Draw, Every, Scenario, acquire, at_gate, discover, pick

SEED = {
    "concurrent_lock_acquisition",
    "release_enables_next_worker",
    "auto_release_on_close",
    "with_month_lock_error_cleanup",
    "different_months_are_independent",
    "timeout_returns_false",
    "is_month_locked_utility",
    "get_all_advisory_locks_utility",
}
DRAWN = {"interleavings", "crashes", "timeouts", "handover", "many_months", "wrapper"}
GATED = {"statement_order", "statement_priorities", "statement_faults"}
RACES = {"races", "thundering_herd", "crash_storm", "paused_holder", "backend_terminated", "counter", "soak"}
FAULTS = {"server_restart", "network_cut", "half_open", "clock_step", "through_pgbouncer_session", "children"}
POOLERS = {
    "through_pgbouncer_transaction",
    "through_pgbouncer_unreset",
}  # through which no lock on sessions holds


def test_all_are_there_and_say_what_they_are_about() -> None:
    found = known_scenarios()
    assert set(found) >= SEED | DRAWN
    assert all(scenario.about for scenario in found.values())
    assert {
        name for name, one in found.items() if isinstance(one.what, Draw) and not one.planted
    } == DRAWN | RACES | FAULTS | GATED


def test_a_run_leaves_planted_locks_out_unless_asked() -> None:
    found = known_scenarios()
    assert not any(one.planted for one in pick(found, []))
    assert {one.name for one in pick(found, ["planted"])} == {
        name for name in found if name.startswith("planted/")
    }
    assert all(one.planted for one in pick(found, ["planted", *POOLERS]))


def test_a_wrong_name_is_guessed() -> None:
    with pytest.raises(UserError, match="did you mean 'crashes'"):
        pick(known_scenarios(), ["crashs"])
    with pytest.raises(UserError, match="lock-harness list"):
        pick(known_scenarios(), ["qqqqqqqq"])


def test_a_file_is_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        '"""What it\nis about.\n\nMore."""\n'
        "from harness.scenario import Draw, Scenario\n"
        'SCENARIO = Scenario(Draw({"acquire": 1}))\n'
    )
    (tmp_path / "_helper.py").write_text("raise RuntimeError\n")
    assert discover([tmp_path]) == {
        "mine": Scenario(Draw({"acquire": 1}), name="mine", about="What it is about.")
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = 1\n", "does not define SCENARIO"),
        ("import nothing_like_it\n", "does not import: ModuleNotFound"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UserError, match=why):
        discover([tmp_path])


def test_weights_must_be_kinds_of_steps() -> None:
    with pytest.raises(ValueError, match="'aquire' is no kind of step in lockstep: did you mean 'acquire'"):
        Draw({"aquire": 1})
    with pytest.raises(ValueError, match="steps"):
        Draw({"acquire": 1}, steps=(5, 2))


def test_a_fault_of_a_fixed_program_can_strike_at_a_message() -> None:
    struck = at_gate(Fault(0, "reset", message=1, point="after"), acquire(0, Month(2090, 1), 0))
    assert (struck.schedule, struck.actors, struck.months) == ("gate", 1, (Month(2090, 1),))


def test_no_order_stands_for_another_where_a_fault_may_reach_further_than_its_statement() -> None:
    assert Every(at_gate(acquire(0, Month(2090, 1), 0))).reduces
    assert not Every(at_gate(Fault(0), acquire(0, Month(2090, 1), 0))).reduces
