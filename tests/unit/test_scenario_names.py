"""Names of scenarios on the command line: folders, patterns, and those to leave out; and the list of scenarios."""

from pathlib import Path

import pytest

from lock_harness.core.errors import UserError
from lock_harness.frontends.known_scenarios import ListedScenario, listed_scenarios
from lock_harness.programs.discovery import Catalogue, find_scenarios
from lock_harness.programs.loading import pick_files, pick_scenarios
from lock_harness.servers.server import Server

PROGRAM = "from lock_harness.programs import Month, Scenario, acquire, program\n"
PLAIN = f'"""About it."""\n{PROGRAM}SCENARIO = Scenario(program(acquire(0, Month(2090, 1), 0)))\n'
FILES = {
    "through_one": PLAIN,
    "through_two": PLAIN,
    "other": PLAIN,
    "long": PLAIN.replace(", 0)))", ", 0)), on_request=True)"),
    "planted/row_one": PLAIN.replace(", 0)))", ", 0)), expects='mutual_exclusion')"),
    "planted/row_two": PLAIN.replace(", 0)))", ", 0)), expects='mutual_exclusion')"),
    "planted/deep/row_three": PLAIN.replace(", 0)))", ", 0)), expects='mutual_exclusion')"),
}
EMBEDDED = Server("", "postgresql://localhost", "embedded", "18")


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    for name, text in FILES.items():
        path = tmp_path / "scenarios" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return find_scenarios([tmp_path / "scenarios"])


def picked(catalogue: Catalogue, *names: str, skip: tuple[str, ...] = ()) -> list[str]:
    return [one.name for one in pick_scenarios(catalogue, names, skip)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("through_*", ["through_one", "through_two"]),
        ("through_?ne", ["through_one"]),
        ("through_[to]*", ["through_one", "through_two"]),
        ("planted/row_*", ["planted/row_one", "planted/row_two"]),
        ("*/row_one", ["planted/row_one"]),
        ("*/*/row_*", ["planted/deep/row_three"]),
        ("planted", ["planted/deep/row_three", "planted/row_one", "planted/row_two"]),
        ("planted/", ["planted/deep/row_three", "planted/row_one", "planted/row_two"]),
        ("*", ["long", "other", "through_one", "through_two"]),
    ],
)
def test_a_pattern_stands_for_the_scenarios_that_match_within_each_folder(
    catalogue: Catalogue, name: str, expected: list[str]
) -> None:
    assert picked(catalogue, name) == expected
    assert [*pick_files(catalogue, [name])] == expected


def test_scenarios_are_left_out_by_name_folder_or_pattern(catalogue: Catalogue) -> None:
    assert picked(catalogue) == ["other", "through_one", "through_two"]
    assert picked(catalogue, skip=("other",)) == ["through_one", "through_two"]
    assert picked(catalogue, skip=("through_*", "planted")) == ["other"]
    assert picked(catalogue, "planted", skip=("planted/deep", "*/row_one")) == ["planted/row_two"]
    assert picked(catalogue, "through_one", "other", skip=("through_*",)) == ["other"]


@pytest.mark.parametrize(
    ("names", "skip", "why"),
    [
        (["zz*"], [], r"no scenario matches 'zz\*': 'lock-harness list' shows all scenarios"),
        ([], ["othr"], "there is no scenario 'othr': did you mean 'other'"),
        ([], ["zz*"], r"no scenario matches 'zz\*'"),
        (
            [],
            ["other", "through_*"],
            r"no scenario left without other, through_\*: name others, or skip fewer",
        ),
        (["other"], ["other"], "no scenario left without other"),
    ],
)
def test_a_name_without_a_scenario_is_a_mistake(
    catalogue: Catalogue, names: list[str], skip: list[str], why: str
) -> None:
    with pytest.raises(UserError, match=why):
        picked(catalogue, *names, skip=tuple(skip))


def test_a_file_that_does_not_parse_is_no_mistake_if_it_is_left_out(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    del catalogue
    (tmp_path / "scenarios/broken.py").write_text("SCENARIO = (\n")
    found = find_scenarios([tmp_path / "scenarios"])
    assert picked(found, skip=("broken", "through_*")) == ["other"]
    for name in ("*", "bro*"):
        with pytest.raises(UserError, match=r"broken\.py does not parse"):
            picked(found, name)


def test_the_scenarios_that_are_left_out_are_not_imported(tmp_path: Path, catalogue: Catalogue) -> None:
    del catalogue
    (tmp_path / "scenarios/raises.py").write_text("SCENARIO = 1 / 0\n")
    found = find_scenarios([tmp_path / "scenarios"])
    assert picked(found, skip=("raises", "through_*")) == ["other"]


def test_the_list_says_what_would_run_here(catalogue: Catalogue) -> None:
    listed = {one.name: one.status for one in listed_scenarios(catalogue, [], EMBEDDED)}
    assert listed == {
        "long": "on request",
        "other": "default",
        **dict.fromkeys(["planted/deep/row_three", "planted/row_one", "planted/row_two"], "planted"),
        "through_one": "default",
        "through_two": "default",
    }
    (other,) = listed_scenarios(catalogue, ["other"], EMBEDDED)
    path = str(catalogue.files["other"].path)
    assert other == ListedScenario("other", "default", "", "About it.", path)


def test_the_list_says_why_a_scenario_cannot_run_here(tmp_path: Path, catalogue: Catalogue) -> None:
    (other,) = listed_scenarios(catalogue, ["other"], None)
    assert (other.status, other.reason) == ("unavailable", "there is no server to test on")
    (tmp_path / "scenarios/raises.py").write_text("SCENARIO = 1 / 0\n")
    restarts = PLAIN.replace("acquire, program", "Fault, acquire, program").replace(
        "acquire(0, Month(2090, 1), 0)", "Fault(0, 'restart_fast'), acquire(0, Month(2090, 1), 0)"
    )
    (tmp_path / "scenarios/restarts.py").write_text(restarts)
    found = find_scenarios([tmp_path / "scenarios"])
    named = Server("", "postgresql://db.example/app", "named", "18")
    raises, restarting = listed_scenarios(found, ["raises", "restarts"], named)
    assert (raises.status, restarting.status) == ("unavailable", "unavailable")
    assert "does not import: ZeroDivisionError in line 1" in raises.reason
    assert "only a server that the harness started itself is ever restarted" in restarting.reason
    assert listed_scenarios(found, ["restarts"], EMBEDDED)[0].status == "default"
