"""Scenario files: found by themselves, named after their file, picked by name or folder."""

from pathlib import Path

import pytest

from lock_harness.core.errors import UserError
from lock_harness.core.fault import Fault
from lock_harness.core.program import Month
from lock_harness.frontends.known_scenarios import known_scenarios
from lock_harness.programs.discovery import discover, pick
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import EveryOrder, Scenario
from lock_harness.programs.steps import acquire, at_gate

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
        "from lock_harness.programs import Draw, Scenario\n"
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


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("Scenario(program())", "ValueError in line 4: a program needs a step"),
        ("Scenario([acquire(0, JAN, 0)])", "what must be a Program, Draw, EveryOrder or CrashPoints, not a list"),
        ("Scenario(program(acquire(0, (2090, 1), 0)))", r"\(2090, 1\) is no month: write Month"),
        ("Scenario(program(acquire(0, '2090-01', 0)))", "'2090-01' is no month: write Month"),
        ("Scenario(program(acquire(0, JAN, 0.5)))", r"Expected `int`, got `float` - at `\$.steps\[0\].timeout_ms`"),
        ("Scenario(program(Operation(0, 'aquire', JAN)))", "Invalid enum value 'aquire'"),
        ("Scenario(program(Operation(0, 'acquire')))", "step 0, acquire, is about no month: give it one"),
        ("Scenario(at_gate(acquire(0, JAN, 0, pending=True)))", "step 0 is pending, which the gate cannot have"),
        ("Scenario(at_gate(Operation(0, 'spawn')))", "step 0 is a spawn, which the gate cannot have"),
        ("Scenario(at_gate(Fault(0, message=-1), acquire(0, JAN, 0)))", "a kill at message -1: they count from 0"),
        ("Scenario(EveryOrder(Draw({'acquire': 1}, mode='gate')))", "program must be Program, not Draw"),
        ("Scenario(EveryOrder(at_gate(acquire(0, JAN, 0)), switches=-1))", "switches must be 0 or more, not -1"),
        ("Scenario(EveryOrder(at_gate(acquire(0, JAN, 0)), switches='2'))", "switches must be int . None, not '2'"),
        ("Scenario(CrashPoints(at_gate(acquire(1, JAN, 0))))", "actor 0 is the one who is struck: give it a step"),
        ("Scenario(Draw({'acquire': 1}, mode='gates'))", "mode must be 'lockstep' or 'race' or 'gate', not 'gates'"),
        ("Scenario(Draw({'acquire': 1}, mode='gate', scheduler='ptc'))", "scheduler must be 'choices' or 'random' or 'pct'"),
        ("Scenario(Draw({'acquire': 1}, mode='race', scheduler='pct'))", "only the gate has a choice, not race"),
        ("Scenario(Draw({'acquire': 1}, actors=3))", r"actors must be tuple\[int, int\], not 3"),
        ("Scenario(Draw({'acquire': 1}, depth=2.5))", "depth must be int, not 2.5"),
        ("Scenario(Draw({'acquire': 1}, depth=5))", "depth 5: only scheduler 'pct' has one, not 'choices'"),
        ("Scenario(Draw({'acquire': 1}, taken_ms=()))", "taken_ms"),
        ("Scenario(Draw(['acquire']))", r"weights must be Mapping\[str, int\], not \['acquire'\]"),
        ("Scenario(Draw({'acquire': 1}), examples=0)", "examples must be 1 or more, not 0"),
        ("Scenario(Draw({'acquire': 1}), bounds={'release_ms': 5})", "bounds must be Bounds"),
        ("Scenario(Draw({'acquire': 1}), bounds=Bounds(release_ms=-1))", "bounds must be 0 or more"),
        ("Scenario(Draw({'acquire': 1}), lock='m:L')", r"lock must be a callable or LockSpec\('m:L'\), not a str"),
        ("{}['a']", "KeyError in line 4: 'a'"),
        ("sys.exit(3)", "exits with 3"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_in_one_line(tmp_path: Path, wrong: str, why: str) -> None:
    (tmp_path / "mine.py").write_text(
        f"import sys\nfrom lock_harness.programs import *\nJAN = Month(2090, 1)\nSCENARIO = {wrong}\n"
    )
    with pytest.raises(UserError, match=why) as caught:
        discover([tmp_path])
    assert "\n" not in str(caught.value)


def test_weights_must_be_kinds_of_steps() -> None:
    with pytest.raises(ValueError, match="'aquire' is no kind of step in lockstep: did you mean 'acquire'"):
        Draw({"aquire": 1})
    with pytest.raises(ValueError, match="steps"):
        Draw({"acquire": 1}, steps=(5, 2))


def test_a_fault_of_a_fixed_program_can_strike_at_a_message() -> None:
    struck = at_gate(Fault(0, "reset", message=1, point="after"), acquire(0, Month(2090, 1), 0))
    assert (struck.mode, struck.actors, struck.months) == ("gate", 1, (Month(2090, 1),))


def test_no_order_stands_for_another_where_a_fault_may_reach_further_than_its_statement() -> None:
    assert EveryOrder(at_gate(acquire(0, Month(2090, 1), 0))).reduces
    assert not EveryOrder(at_gate(Fault(0), acquire(0, Month(2090, 1), 0))).reduces
