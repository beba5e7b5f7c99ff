"""docs/scenarios.md, followed literally: every file that it says to write, every command that it says to give."""

import re
from pathlib import Path

import pytest

from tests.frontends.command import Shell

PAGE = (Path(__file__).parents[2] / "docs/scenarios.md").read_text()
FILES = re.findall(r"[Pp]ut this into `([^`]+)`:\n\n```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(
    r"^\$ lock-harness (.+)\n(✗?)", PAGE, re.MULTILINE
)  # with the mark of what is shown to fail


@pytest.fixture
def written(sh: Shell) -> Shell:
    for name, text in FILES:
        path = sh.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return sh


@pytest.mark.parametrize(("command", "fails"), COMMANDS)
def test_a_command_on_the_page_works(written: Shell, command: str, fails: str) -> None:
    outcome = written.run(*command.split())
    assert (outcome.code == 1) if fails else outcome.well, outcome.out + outcome.err


@pytest.mark.parametrize("path", [Path(name) for name, _ in FILES], ids=lambda path: path.stem)
def test_each_file_on_the_page_is_a_scenario(written: Shell, path: Path) -> None:
    name = path.relative_to("scenarios").with_suffix("").as_posix()
    assert name in written.run("list").out
    outcome = written.run("run", name)
    assert outcome.well, outcome.out + outcome.err


def test_a_scenario_is_a_file_of_about_fifteen_lines() -> None:
    assert (len(FILES), len(COMMANDS)) == (5, 2)
    assert all(text.count("\n") <= 20 for _, text in FILES)
