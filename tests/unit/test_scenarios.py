"""Scenario files: found by their syntax tree, named after their path, imported only when needed."""

import sys
from pathlib import Path

import pytest

from lock_harness.core.errors import UserError
from lock_harness.core.fault import Fault
from lock_harness.core.program import Month
from lock_harness.frontends.known_scenarios import find_known_scenarios, replacement_notes, skipped_notes
from lock_harness.programs.discovery import Catalogue, SkippedFile, find_scenarios
from lock_harness.programs.draw import Draw
from lock_harness.programs.loading import load_scenarios, pick_scenarios
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.steps import acquire, at_gate
from lock_harness.programs.workload import EveryOrder

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
RACES = {
    "races",
    "thundering_herd",
    "crash_storm",
    "paused_holder",
    "backend_terminated",
    "counter",
    "soak",
    "threads",
}
FAULTS = {"server_restart", "network_cut", "half_open", "clock_step", "through_pgbouncer_session", "children"}
PLANNED = {"deadlines", "long_holds", "server_timeouts"}
# No session lock holds through these poolers and with these settings, so the reference lock fails as expected.
UNFIT = {"through_pgbouncer_transaction", "through_pgbouncer_unreset", "idle_sessions"}


def test_every_shipped_scenario_is_found_and_has_a_description() -> None:
    catalogue = find_known_scenarios()
    found = load_scenarios(catalogue)
    assert set(found) >= SEED | DRAWN
    assert all(scenario.about for scenario in found.values())
    assert {
        name for name, one in found.items() if isinstance(one.what, Draw) and not one.planted
    } == DRAWN | RACES | FAULTS | GATED | PLANNED
    assert (catalogue.skipped, catalogue.replaced) == ((), ())


def test_planted_locks_are_run_only_when_they_are_named() -> None:
    known = find_known_scenarios()
    assert not any(one.planted for one in pick_scenarios(known, []))
    assert {one.name for one in pick_scenarios(known, ["planted"])} == {
        name for name in known.files if name.startswith("planted/")
    }
    assert all(one.planted for one in pick_scenarios(known, ["planted", *UNFIT]))


def test_an_unknown_name_is_answered_with_the_closest_one() -> None:
    with pytest.raises(UserError, match="did you mean 'crashes'"):
        pick_scenarios(find_known_scenarios(), ["crashs"])
    with pytest.raises(UserError, match="lock-harness list"):
        pick_scenarios(find_known_scenarios(), ["qqqqqqqq"])


OWN = "from lock_harness.programs import Draw, Scenario\nSCENARIO = Scenario(Draw({'acquire': 1}))\n"


def write(folder: Path, **files: str) -> Path:
    """Write files into the folder; `__` in a name separates a sub-folder from the name."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_scenario_is_named_after_its_file_and_described_by_its_docstring(tmp_path: Path) -> None:
    write(tmp_path, mine='"""What it\nis about.\n\nMore."""\n' + OWN)
    assert load_scenarios(find_scenarios([tmp_path])) == {
        "mine": Scenario(Draw({"acquire": 1}), name="mine", about="What it is about.")
    }


def test_a_scenario_in_a_subfolder_is_named_with_its_folder(tmp_path: Path) -> None:
    found = find_scenarios([write(tmp_path / "scenarios", slow__mine=OWN)])
    assert found.files["slow/mine"].module_name == "scenarios.slow.mine"
    assert [one.name for one in pick_scenarios(found, ["slow"])] == ["slow/mine"]


def test_an_annotated_scenario_counts_but_an_annotation_alone_does_not(tmp_path: Path) -> None:
    found = find_scenarios([write(tmp_path, full="SCENARIO: object = 1\n", bare="SCENARIO: object\n")])
    assert list(found.files) == ["full"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "defines no SCENARIO"),
        ("x = 1\n", "defines no SCENARIO"),
        ("def make():\n    SCENARIO = 1\n", "defines no SCENARIO"),
        ("scenario.SCENARIO = 1\n", "defines no SCENARIO"),
        ("raise RuntimeError('never imported')\n", "defines no SCENARIO"),
        ("x = 1\n\nSCENARIO = = 2\n", "does not parse: line 3: invalid syntax"),
        ("# coding: nonsense\n", "does not parse: unknown encoding: nonsense"),
    ],
)
def test_a_file_that_defines_no_scenario_is_skipped_with_a_reason(
    tmp_path: Path, text: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write(tmp_path / "scenarios", helper=text, mine=OWN)
    found = find_scenarios([folder])
    assert list(found.files) == ["mine"]
    assert skipped_notes(found) == [f"skipped scenarios/helper.py: {reason}"]


def test_private_files_and_folders_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, _private=OWN, _old__mine=OWN)
    (tmp_path / "__init__.py").write_text("raise RuntimeError\n")
    found = find_scenarios([tmp_path])
    assert (dict(found.files), found.skipped) == ({}, ())


def test_a_warning_of_the_parser_does_not_skip_a_file(tmp_path: Path) -> None:
    assert "mine" in find_scenarios([write(tmp_path, mine=OWN + "PATTERN = '\\d'\n")]).files


def test_finding_scenarios_imports_none_and_naming_one_imports_no_other(tmp_path: Path) -> None:
    fails = "SCENARIO = 1\nraise RuntimeError\n"
    found = find_scenarios([write(tmp_path, fails=fails, works=OWN)])
    assert [one.name for one in pick_scenarios(found, ["works"])] == ["works"]
    with pytest.raises(UserError, match="does not import: RuntimeError"):
        pick_scenarios(found, [])


def test_a_file_in_a_later_folder_replaces_the_one_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = write(tmp_path / "scenarios", crashes='"""Mine."""\n' + OWN)
    found = find_known_scenarios()
    assert found.files["crashes"].path == own / "crashes.py"
    assert pick_scenarios(found, ["crashes"])[0].about == "Mine."
    assert replacement_notes(found, ["crashes"]) == [
        "scenarios/crashes.py replaces the shipped scenario crashes"
    ]
    assert replacement_notes(found, ["handover"]) == []


def test_a_scenario_can_import_a_helper_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(sys.path))
    write(tmp_path / "neighbours", _helper="WEIGHTS = {'acquire': 1}\n")
    write(tmp_path / "neighbours", mine="from neighbours._helper import WEIGHTS\n" + OWN)
    assert pick_scenarios(find_scenarios([tmp_path / "neighbours"]), ["mine"])


def test_a_scenario_file_can_define_a_dataclass(tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    text += "@dataclass\nclass Pair:\n    left: int\n"
    assert load_scenarios(find_scenarios([write(tmp_path, mine=text + OWN)]))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SCENARIO = 1\n", "does not define SCENARIO = Scenario"),
        ("import nothing_like_it\nSCENARIO = 1\n", "does not import: ModuleNotFound"),
    ],
)
def test_a_scenario_file_that_cannot_be_loaded_is_a_mistake(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        load_scenarios(find_scenarios([write(tmp_path, mine=text)]))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("Scenario(program())", "ValueError in line 4: a program needs at least one step"),
        ("Scenario([acquire(0, JAN, 0)])", "what must be a Draw, Program, EveryOrder, CrashPoints or AllPrograms, not a list"),
        ("Scenario(program(acquire(0, (2090, 1), 0)))", r"\(2090, 1\) is not a month: write Month"),
        ("Scenario(program(acquire(0, '2090-01', 0)))", "'2090-01' is not a month: write Month"),
        ("Scenario(program(acquire(0, JAN, 0.5)))", r"Expected `int`, got `float` - at `\$.steps\[0\].timeout_ms`"),
        ("Scenario(program(Operation(0, 'aquire', JAN)))", "Invalid enum value 'aquire'"),
        ("Scenario(program(Operation(0, 'acquire')))", "step 0: acquire has no month: add one"),
        ("Scenario(at_gate(acquire(0, JAN, 0, pending=True)))", "step 0: the gate cannot run a pending operation"),
        ("Scenario(at_gate(Operation(0, 'spawn')))", "step 0: the gate cannot run 'spawn'"),
        ("Scenario(at_gate(Fault(0, message=-1), acquire(0, JAN, 0)))", "step 0: message must be 0 or more, not -1"),
        ("Scenario(EveryOrder(Draw({'acquire': 1}, mode='gate')))", "program must be Program, not Draw"),
        ("Scenario(EveryOrder(at_gate(acquire(0, JAN, 0)), switches=-1))", "switches must be 0 or more, not -1"),
        ("Scenario(EveryOrder(at_gate(acquire(0, JAN, 0)), switches='2'))", "switches must be int . None, not '2'"),
        ("Scenario(CrashPoints(at_gate(acquire(1, JAN, 0))))", "CrashPoints injects its faults into actor 0: give actor 0 a step"),
        ("Scenario(Draw({'acquire': 1}, mode='gates'))", "mode must be 'lockstep' or 'race' or 'gate', not 'gates'"),
        ("Scenario(Draw({'acquire': 1}, mode='gate', scheduler='ptc'))", "scheduler must be 'choices' or 'random' or 'pct'"),
        ("Scenario(Draw({'acquire': 1}, mode='race', scheduler='pct'))", "only the gate can have the scheduler 'pct', not race"),
        ("Scenario(Draw({'acquire': 1}, actors=3))", r"actors must be tuple\[int, int\], not 3"),
        ("Scenario(Draw({'acquire': 1}, depth=2.5))", "depth must be int, not 2.5"),
        ("Scenario(Draw({'acquire': 1}, depth=5))", "only scheduler 'pct' can have a depth of 5, not 'choices'"),
        ("Scenario(Draw({'acquire': 1}, taken_ms=()))", "taken_ms"),
        ("Scenario(Draw(['acquire']))", r"weights must be Mapping\[str, int\], not \['acquire'\]"),
        ("Scenario(AllPrograms({'aquire'}, steps=2))", "'aquire' is not a kind of step in mode 'lockstep': did you mean 'acquire'"),
        ("Scenario(AllPrograms('acquire', steps=2))", "kinds must be a set of kinds of steps, not 'acquire'"),
        ("Scenario(AllPrograms(set(), steps=2))", "kinds must have one kind of step or more"),
        ("Scenario(AllPrograms({'acquire'}, steps=0))", "steps must be 1 or more, not 0"),
        ("Scenario(AllPrograms({'acquire'}, steps=2, months=25))", "months must be 1 or more, at most 24, not 25"),
        ("Scenario(AllPrograms({'acquire'}, steps=2, mode='race'))", "mode must be 'lockstep' or 'gate', not 'race'"),
        ("Scenario(AllPrograms({'wait'}, steps=2, mode='gate'))", "'wait' is not a kind of step in mode 'gate'"),
        ("Scenario(AllPrograms({'round'}, steps=2, mode='gate'))", "kinds must not have 'round'"),
        ("Scenario(Draw({'acquire': 1}), examples=0)", "examples must be 1 or more, not 0"),
        ("Scenario(Draw({'acquire': 1}), bounds={'release_ms': 5})", "bounds must be Bounds"),
        ("Scenario(Draw({'acquire': 1}), bounds=Bounds(release_ms=-1))", "bounds must be 0 or more"),
        ("Scenario(Draw({'acquire': 1}), lock='m:L')", r"lock must be a callable or LockSpec\('m:L'\), not a str"),
        ("{}['a']", "KeyError in line 4: 'a'"),
        ("sys.exit(3)", "exits with 3"),
    ],
)  # fmt: skip
def test_a_wrong_value_in_a_scenario_file_is_reported_in_one_line(
    tmp_path: Path, wrong: str, why: str
) -> None:
    (tmp_path / "mine.py").write_text(
        f"import sys\nfrom lock_harness.programs import *\nJAN = Month(2090, 1)\nSCENARIO = {wrong}\n"
    )
    with pytest.raises(UserError, match=why) as caught:
        load_scenarios(find_scenarios([tmp_path]))
    assert "\n" not in str(caught.value)


def test_the_weights_of_a_draw_must_name_kinds_of_steps() -> None:
    with pytest.raises(
        ValueError, match="'aquire' is not a kind of step in mode 'lockstep': did you mean 'acquire'"
    ):
        Draw({"aquire": 1})
    with pytest.raises(ValueError, match="steps"):
        Draw({"acquire": 1}, steps=(5, 2))


def test_a_fault_of_a_fixed_program_can_be_injected_at_a_message() -> None:
    built = at_gate(Fault(0, "reset", message=1, point="after"), acquire(0, Month(2090, 1), 0))
    assert (built.mode, built.actors, built.months) == ("gate", 1, (Month(2090, 1),))


def test_orders_of_a_program_with_faults_are_not_reduced() -> None:
    assert EveryOrder(at_gate(acquire(0, Month(2090, 1), 0))).reduces
    assert not EveryOrder(at_gate(Fault(0), acquire(0, Month(2090, 1), 0))).reduces


def test_a_shipped_file_found_through_the_link_and_directly_is_one_module() -> None:
    load_scenarios(find_known_scenarios())
    module = sys.modules["lock_harness.scenarios.planted.shared_mode"]
    load_scenarios(find_scenarios([Path(__file__).parents[2] / "scenarios"]))
    assert sys.modules["lock_harness.scenarios.planted.shared_mode"] is module


BROKEN = "SCENARIO = (\n"


@pytest.mark.parametrize("names", [[], ["mine"], ["folder/mine"], ["folder"]])
def test_a_scenario_that_does_not_parse_is_an_error_and_not_left_out(
    tmp_path: Path, names: list[str]
) -> None:
    in_folder = bool(names) and names[0].startswith("folder")
    found = find_scenarios([write(tmp_path, **{"folder__mine" if in_folder else "mine": BROKEN})])
    with pytest.raises(UserError, match=r"mine.py does not parse: line 1: .*; correct it"):
        pick_scenarios(found, names)


def test_other_code_that_does_not_parse_is_left_out() -> None:
    unrelated = SkippedFile("helper", Path("helper.py"), "does not parse: line 1: invalid syntax")
    assert pick_scenarios(Catalogue({}, (unrelated,)), []) == []


def test_the_reason_is_given_if_a_named_file_is_no_scenario(tmp_path: Path) -> None:
    found = find_scenarios([write(tmp_path, helper="x = 1\n")])
    with pytest.raises(UserError, match=r"helper\.py defines no SCENARIO; correct it"):
        pick_scenarios(found, ["helper"])


@pytest.mark.parametrize(
    "text",
    [
        "if True:\n    SCENARIO = 1\n",
        "try:\n    SCENARIO = 1\nexcept OSError:\n    pass\n",
        "from other import SCENARIO\n",
        "from other import mine as SCENARIO\n",
        "SCENARIO, other = 1, 2\n",
    ],
)
def test_every_binding_of_the_name_at_module_level_makes_a_scenario_file(tmp_path: Path, text: str) -> None:
    assert list(find_scenarios([write(tmp_path, mine=text)]).files) == ["mine"]


@pytest.mark.parametrize(
    "text", ["def f():\n    SCENARIO = 1\n", "class C:\n    SCENARIO = 1\n", "SCENARIO\n"]
)
def test_a_name_that_is_not_bound_at_module_level_makes_no_scenario_file(tmp_path: Path, text: str) -> None:
    assert list(find_scenarios([write(tmp_path, mine=text)]).files) == []
