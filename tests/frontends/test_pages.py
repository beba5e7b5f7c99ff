"""The pages that give files to write and commands to run, followed literally."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.frontends.command import Shell

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Page:
    """The files that a page says to write, by path, and the commands that it says to run, each with its output."""

    files: dict[str, str]
    commands: list[tuple[str, str]]

    def write_files(self, sh: Shell) -> None:
        for name, text in self.files.items():
            path = sh.cwd / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def read_page(name: str) -> Page:
    text = (ROOT / name).read_text()
    files = re.findall(r"[Pp]ut this into `([^`]+)`:\n\n```python\n(.*?)```", text, re.DOTALL)
    shown = re.findall(r"^\$ lock-harness (.+)\n((?:[^$`].*\n|\n)*)", text, re.MULTILINE)
    return Page(dict(files), shown)


def run_as_shown(sh: Shell, command: str, shown: str) -> None:
    """Run a command; a `*` stands for the files that match. It must fail where the page shows a violation."""
    words = [
        name
        for word in command.split()
        for name in (
            sorted(str(path.relative_to(sh.cwd)) for path in sh.cwd.glob(word)) if "*" in word else [word]
        )
    ]
    outcome = sh.run(*words)
    assert (outcome.code == 1) if "✗" in shown else outcome.without_violation, outcome.out + outcome.err


README, SCENARIOS, TUTORIAL = map(read_page, ("README.md", "docs/scenarios.md", "docs/tutorial.md"))


@pytest.mark.parametrize(("command", "shown"), SCENARIOS.commands, ids=[one for one, _ in SCENARIOS.commands])
def test_a_command_on_the_page_of_scenarios_works(sh: Shell, command: str, shown: str) -> None:
    SCENARIOS.write_files(sh)
    run_as_shown(sh, command, shown)


@pytest.mark.parametrize("path", [Path(name) for name in SCENARIOS.files], ids=lambda path: path.stem)
def test_each_file_on_the_page_of_scenarios_is_a_scenario(sh: Shell, path: Path) -> None:
    SCENARIOS.write_files(sh)
    name = path.relative_to("scenarios").with_suffix("").as_posix()
    assert name in sh.run("list").out
    outcome = sh.run("run", name)
    assert outcome.without_violation, outcome.out + outcome.err


def test_a_scenario_is_a_file_of_about_fifteen_lines() -> None:
    assert (len(SCENARIOS.files), len(SCENARIOS.commands)) == (6, 3)
    assert all(text.count("\n") <= 20 for text in SCENARIOS.files.values())


def test_the_tutorial_works_from_its_first_file_to_its_last_command(sh: Shell) -> None:
    assert (len(TUTORIAL.files), len(TUTORIAL.commands)) == (2, 4)
    TUTORIAL.write_files(sh)
    for command, shown in TUTORIAL.commands:
        run_as_shown(sh, command, shown)


def test_the_lock_of_the_readme_holds(sh: Shell) -> None:
    README.write_files(sh)
    command, shown = README.commands[-1]
    assert "--lock my_lock:MyLock" in command
    run_as_shown(sh, f"{command} --examples 20", shown)
