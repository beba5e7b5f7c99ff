"""docs/scenarios.md, followed literally: every file that it says to write, every command that it says to give."""

import re
from pathlib import Path

import pytest

from tests.faces.command import Shell

PAGE = (Path(__file__).parents[2] / "docs/scenarios.md").read_text()
FILES = re.findall(r"[Pp]ut this into `([^`]+)`:\n\n```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(
    r"^\$ lock-harness (.+)\n(✗?)", PAGE, re.MULTILINE
)  # with the mark of what is shown to fail


PATIENCE_S = 300.0  # on a crowded machine, for a lock that is asked in vain again and again


@pytest.fixture
def written(sh: Shell) -> Shell:
    for name, text in FILES:
        path = sh.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return sh


def test_the_commands_on_the_page_work(written: Shell) -> None:
    assert COMMANDS
    for command, fails in COMMANDS:
        outcome = written.run(*command.split(), timeout=PATIENCE_S)
        assert outcome.code == bool(fails), outcome.out + outcome.err


@pytest.mark.parametrize("path", [Path(name) for name, _ in FILES], ids=lambda path: path.stem)
def test_each_file_on_the_page_is_a_scenario(written: Shell, path: Path) -> None:
    name = path.relative_to("scenarios").with_suffix("").as_posix()
    assert name in written.run("list").out
    outcome = written.run("run", name)
    assert outcome.code == 0, outcome.out + outcome.err


def test_a_scenario_is_a_file_of_about_fifteen_lines() -> None:
    assert len(FILES) == 5
    assert all(text.count("\n") <= 20 for _, text in FILES)
