"""The code of a program is a scenario file that defines the same program."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lock_harness.core.errors import UserError
from lock_harness.core.fault import Fault
from lock_harness.core.program import Month, Operation, Program
from lock_harness.core.schedule import Pct, Random, Recorded
from lock_harness.core.verdict import Bounds
from lock_harness.frontends.promote import write_scenario
from lock_harness.programs.draw import Draw
from lock_harness.programs.draws import programs
from lock_harness.programs.scenario import Scenario
from lock_harness.programs.source import scenario_source
from lock_harness.programs.steps import acquire, at_gate, crash, hold, program, release
from tests.runs import run

JAN, FEB = Month(2090, 1), Month(2091, 1)
VERBS = frozenset(
    {"acquire", "release", "hold", "believes", "is_locked", "list", "inspect", "spawn", "sql_error"}
)
DRAWS = (
    Draw(
        {
            "acquire": 5,
            "release": 4,
            "wait": 2,
            "hold": 2,
            "believes": 1,
            "is_locked": 1,
            "list": 1,
            "reopen": 1,
            "inspect": 1,
            "crash": 1,
            "terminate": 1,
            "cancel": 1,
        }
    ),
    Draw({"acquire": 5, "round": 4, "crash": 1, "pause": 1, "reset": 1, "slow": 1}, mode="race"),
    Draw({"acquire": 5, "round": 4, "crash": 1, "terminate": 1}, mode="gate", actors=(2, 3)),
    Draw({"acquire": 5, "release": 4}, mode="gate", scheduler="pct"),
    Draw({"acquire": 5, "release": 4}, pooler="transaction"),
    Draw({"acquire": 5, "round": 4}, mode="race", threads=2, actors=(4, 6)),
)
ANY_PROGRAM = st.one_of([programs(draw, (2090, 2091), VERBS) for draw in DRAWS])


def executed(text: str) -> Scenario:
    names: dict[str, object] = {}
    exec(compile(text, "promoted.py", "exec"), names)
    scenario = names["SCENARIO"]
    assert isinstance(scenario, Scenario)
    return scenario


@given(ANY_PROGRAM)
def test_the_code_of_any_program_defines_the_same_program(whole: Program) -> None:
    assert executed(scenario_source(whole, Bounds(), ["About it."])).what == whole


@given(ANY_PROGRAM, st.sampled_from([Random(3), Pct(1, 2, 30), Recorded(((0, 1), (1, 0)))]))
def test_the_code_keeps_choices_and_scheduler(whole: Program, scheduler: Random | Pct | Recorded) -> None:
    if whole.mode == "gate":
        whole = msgspec.structs.replace(whole, choices=(0, 2, 1), scheduler=scheduler)
    assert executed(scenario_source(whole, Bounds(), [""])).what == whole


@pytest.mark.parametrize(
    "whole",
    [
        Program(2, (JAN, FEB), (Operation(0, "acquire", FEB),)),
        Program(1, (), ()),
        Program(
            1,
            (JAN,),
            (Operation(0, "acquire", JAN, pause_us=7), Fault(0, "pause", at_ms=3, for_ms=5)),
            "race",
            rounds=3,
        ),
        Program(1, (JAN,), (Operation(0, "spawn"),), settings=(("statement_timeout", "100ms"),)),
        Program(1, (JAN,), (Operation(0, "hold", JAN, 5, raises=True, sql_error=True),)),
        at_gate(acquire(0, JAN, 20), Fault(0, "late", message=2, point="after"), choices=(1,)),
    ],
)
def test_the_code_of_unusual_programs_defines_them(whole: Program) -> None:
    assert executed(scenario_source(whole, Bounds(), ["x"])).what == whole


def test_the_code_is_what_a_person_would_write() -> None:
    whole = program(
        acquire(0, JAN, 0), acquire(1, JAN, 50, pending=True), crash(0), hold(1, JAN, 0, raises=True)
    )
    assert scenario_source(whole, Bounds(release_ms=5000), ["About it.", "More."]) == (
        '"""About it.\n\nMore.\n"""\n\n'
        "from lock_harness.programs import Bounds, Month, Scenario, acquire, crash, hold, program\n\n"
        "MONTH = Month(2090, 1)\n\n"
        "SCENARIO = Scenario(\n"
        "    program(\n"
        "        acquire(0, MONTH, 0),\n"
        "        acquire(1, MONTH, 50, pending=True),\n"
        "        crash(0),\n"
        "        hold(1, MONTH, 0, raises=True),\n"
        "    ),\n"
        "    bounds=Bounds(release_ms=5000),\n"
        ")\n"
    )


def test_the_choices_of_a_program_at_the_gate_are_kept() -> None:
    text = scenario_source(at_gate(acquire(0, JAN, 0), acquire(1, FEB, 0), choices=(0, 1)), Bounds(), ["x"])
    assert (
        "at_gate(\n        acquire(0, JAN_2090, 0),\n        acquire(1, JAN_2091, 0),\n        choices=(0, 1),\n"
        in text
    )


@pytest.mark.parametrize("paragraph", ['a """ b', "back\\slash", 'ends with "'])
def test_no_text_ends_the_docstring(paragraph: str) -> None:
    executed(scenario_source(program(release(0, JAN)), Bounds(), [paragraph]))


# The command


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_here")
def test_a_saved_run_becomes_a_scenario_that_says_where_it_comes_from() -> None:
    saved = run(bounds=Bounds(late_ms=300))
    path = write_scenario(saved, "group/two_holders", Path("reports/herd/x/run.json"))
    assert path == Path("scenarios/group/two_holders.py")
    text = path.read_text()
    scenario = executed(text)
    assert (scenario.what, scenario.bounds) == (saved.program, saved.bounds)
    assert text.startswith('"""Violated mutual_exclusion in scenario herd: 2 steps of 2 actors.\n\n')
    assert "From reports/herd/x/run.json, lock my:Lock" in text


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x", "is not a name"),
        ("a-b", "is not a name"),
        ("", "is not a name"),
        ("crashes", "is the name of a shipped scenario"),
        ("there", "exists: choose another name"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_in_one_line(name: str, words: str) -> None:
    Path("scenarios").mkdir()
    Path("scenarios/there.py").write_text("mine")
    with pytest.raises(UserError, match=words):
        write_scenario(run(), name, Path("run.json"))
    assert [path.name for path in Path("scenarios").rglob("*.py")] == ["there.py"]
    assert Path("scenarios/there.py").read_text() == "mine"
