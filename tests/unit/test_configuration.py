"""The table [tool.lock-harness] of pyproject.toml."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App
from cyclopts.argument import ArgumentCollection

from lock_harness.core.errors import UserError
from lock_harness.frontends import cli
from lock_harness.frontends.commands.run import run
from lock_harness.frontends.configuration import (
    KEYS_OF_COMMAND,
    Table,
    apply_table,
    find_table,
    key_of,
    keys_to_use,
    kind_of,
)

ROOT = Path(__file__).parents[2]

Bound = Callable[..., dict[str, Any]]


@pytest.fixture
def bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bound:
    """Parses a command line in a folder whose pyproject.toml has these lines; returns the arguments of the command."""
    monkeypatch.delenv("LOCK_HARNESS_PG", raising=False)
    monkeypatch.chdir(tmp_path)

    def bind(lines: str, *arguments: str) -> dict[str, Any]:
        (tmp_path / "pyproject.toml").write_text(f"[tool.lock-harness]\n{lines}\n")
        _, found, _ = cli.app.parse_args(list(arguments), exit_on_error=False, print_error=False)
        return {**found.arguments}

    return bind


def test_every_option_can_be_given_in_the_table(bound: Bound) -> None:
    found = bound(
        'scenarios = ["crashes", "through_*"]\nskip = ["soak"]\nexamples = 7\nfor = "5m"\nseed = 3\nlanes = 2\n'
        'exitfirst = true\nfail-on-skip = false\njson = true\nlock = "a:B"\nlock-command = "run it"\n'
        'contract = ["x=1", "y=2"]\npg = "container"\nyears = "2090-2091"\nrelease-ms = 9\nreports = "out"',
        "run",
    )
    expected = {
        "scenarios": ("crashes", "through_*"),
        "skip": ["soak"],
        "examples": 7,
        "for_": "5m",
        "seed": 3,
        "lanes": "2",
        "exitfirst": True,
        "json": True,
        "lock": "a:B",
        "lock_command": "run it",
        "contract": ["x=1", "y=2"],
        "pg": "container",
        "years": "2090-2091",
        "release_ms": 9,
        "reports": Path("out"),
    }
    assert {name: found[name] for name in expected} == expected
    assert "fail_on_skip" not in found


def test_the_command_line_wins(bound: Bound) -> None:
    lines = (
        'scenarios = ["crashes"]\nexamples = 7\nfor = "5m"\nskip = ["soak"]\npg = "embedded"\nreports = "a"'
    )
    found = bound(
        lines,
        "run",
        "races",
        "--examples",
        "8",
        "--for",
        "1m",
        "--skip",
        "crash_storm",
        "--pg",
        "none",
        "--reports",
        "b",
    )
    assert found == {
        "scenarios": ("races",),
        "examples": 8,
        "for_": "1m",
        "skip": ["crash_storm"],
        "pg": "none",
        "reports": Path("b"),
    }


def test_another_lock_on_the_command_line_has_its_own_contract(bound: Bound) -> None:
    lines = 'lock = "a:B"\ncontract = ["reentrant=refused"]'
    assert bound(lines, "run") == {"lock": "a:B", "contract": ["reentrant=refused"]}
    assert bound(lines, "run", "--lock", "c:D") == {"lock": "c:D"}
    assert bound(lines, "run", "--lock-command", "x") == {"lock_command": "x"}
    assert bound(lines, "run", "--contract", "u=v") == {"lock": "a:B", "contract": ["u=v"]}


def test_the_variable_of_the_harness_names_the_server_before_the_table(
    bound: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bound('pg = "a"', "run") == {"pg": "a"}
    monkeypatch.setenv("HYPERDRIVE_CONNECTION_STRING", "b")
    assert bound('pg = "a"', "run") == {"pg": "a"}
    monkeypatch.setenv("LOCK_HARNESS_PG", "c")
    assert bound('pg = "a"', "run") == {}


@pytest.mark.parametrize(
    ("arguments", "pg", "read"),
    [
        ("contract", "embedded", {"lock", "contract", "pg"}),
        ("replay run.json", "embedded", {"path", "pg"}),
        ("list", "embedded", {"pg"}),
        ("locks", "postgresql://h/d", {"pg"}),
        ("locks", "embedded", set()),
        ("doctor", "none", set()),
    ],
)
def test_the_other_commands_read_the_keys_that_concern_them(
    bound: Bound, arguments: str, pg: str, read: set[str]
) -> None:
    lines = f'scenarios = ["crashes"]\nlock = "a:B"\ncontract = ["x=1"]\nexamples = 5\npg = "{pg}"'
    assert {*bound(lines, *arguments.split())} == read


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("exampels = 5", "has no key 'exampels': did you mean 'examples'?"),
        ("qqq = 5", "has no key 'qqq': the keys are contract, examples, "),
        ("for_ = 5", "has no key 'for_': did you mean 'for'?"),
        ("examples = 'many'", "examples = 'many' must be a whole number"),
        ("examples = true", "examples = True must be a whole number"),
        ("examples = 1.5", "examples = 1.5 must be a whole number"),
        ("lock = ['a']", "lock = ['a'] must be a string"),
        ("contract = 'x=1'", "contract = 'x=1' must be a list of strings"),
        ("skip = [1]", "skip = [1] must be a list of strings"),
        ("json = 'yes'", "json = 'yes' must be true or false"),
        ("reports = 5", "reports = 5 must be a path, as a string"),
    ],
)
def test_a_mistake_in_the_table_is_one_line(bound: Bound, line: str, why: str) -> None:
    with pytest.raises(UserError, match=re.escape(f"pyproject.toml: [tool.lock-harness] {why}")) as raised:
        bound(line, "run")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[tool.lock-harness]\nlock = \n", "is not valid TOML: "),
        ("[tool]\nlock-harness = 5\n", "tool.lock-harness must be a table"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UserError, match=why):
        find_table(tmp_path)


def test_the_nearest_file_with_a_table_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    assert find_table(deep) is None
    (tmp_path / "pyproject.toml").write_text("[tool.lock-harness]\nexamples = 1\n")
    (deep / "pyproject.toml").write_text("[project]\nname = 'lock-harness'\n")
    assert find_table(deep) == Table(tmp_path / "pyproject.toml", {"examples": 1})
    (tmp_path / "a/pyproject.toml").write_text("[tool.lock-harness]\nreports = 'out'\n")
    table = find_table(deep)
    assert table == Table(tmp_path / "a/pyproject.toml", {"reports": "out"})
    monkeypatch.chdir(deep)
    assert table.texts("reports", "path") == [str(tmp_path / "a/out")]
    monkeypatch.chdir(tmp_path / "a")
    assert table.texts("reports", "path") == ["out"]


def test_a_file_without_a_table_is_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("this is no TOML\n")
    assert find_table(tmp_path) is None


def test_keys_that_are_given_or_absent_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCK_HARNESS_PG", raising=False)
    table = Table(Path("pyproject.toml"), {"examples": 1, "pg": "a", "seed": 2})
    assert keys_to_use(table, ["examples", "pg", "years"], ["examples"]) == ["pg"]


def options_of_run() -> dict[str, str]:
    """The key of each option of `run`, and the kind of its value."""
    found: dict[str, str] = {}

    def note(_app: App, _commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        found.update({key_of(argument): kind_of(argument) for argument in arguments})

    app = App(config=note, result_action="return_value")
    app.command(run, name="run")
    app.parse_args(["run"], exit_on_error=False, print_error=False)
    return found


def test_the_page_lists_the_key_of_each_option_with_its_type() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    rows = dict(re.findall(r"^\| `([\w-]+)` \| ([\w ]+) \|", page, re.MULTILINE))
    words = {"text": "string", "number": "number", "flag": "true or false", "list": "list", "path": "path"}
    assert rows == {key: words[kind] for key, kind in options_of_run().items()}


def test_each_key_of_another_command_is_an_option_of_run() -> None:
    assert {key for keys in KEYS_OF_COMMAND.values() for key in keys} <= options_of_run().keys()
    assert cli.app.config == (apply_table,)
