"""Help and mistakes in options import no module that takes long to import."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lock_harness.servers.environment import VARIABLE

# modules that take long to import, and that only the run of a command needs
HEAVY = {
    "asyncio",
    "hypothesis",
    "multiprocess",
    "psycopg",
    "pytest",
    "rich.markdown",
    "rich.progress",
    "lock_harness.execution.arena",
    "lock_harness.exploration.explore",
}

SCRIPT = """
import json, sys
from lock_harness.frontends.cli import run_command_line
code = run_command_line(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""


def modules_after(*arguments: str) -> tuple[int, set[str]]:
    """Run a command; return its exit code and the modules that it has imported."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    code, modules = json.loads(done.stdout.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        *(
            [command, "--help"]
            for command in ("run", "replay", "promote", "script", "list", "contract", "locks", "doctor")
        ),
    ],
    ids=" ".join,
)
def test_help_imports_no_heavy_module(arguments: list[str]) -> None:
    code, modules = modules_after(*arguments)
    assert code == 0
    assert modules & HEAVY == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["run", "--nonsense"],
        ["run", "--examples", "many"],
        ["run", "--examples", "0"],
        ["run", "--for", "soon"],
        ["run", "--years", "2090"],
        ["run", "--lock", "nocolon"],
        ["run", "--lock-command", "no-such-program"],
        ["run", "--contract", "nonsense=1"],
        ["run", "crashs"],
        ["replay"],
        ["replay", "run.json", "--times", "0"],
        ["locks"],
    ],
    ids=" ".join,
)
def test_a_mistake_in_an_option_is_reported_without_a_heavy_module(arguments: list[str]) -> None:
    code, modules = modules_after(*arguments)
    assert code == 2
    assert modules & HEAVY == set()


def test_the_pytest_plugin_imports_no_heavy_module_before_a_test_needs_it(tmp_path: Path) -> None:
    found = tmp_path / "modules.json"
    (tmp_path / "conftest.py").write_text(
        "import json, pathlib, sys\n"
        "def pytest_unconfigure():\n"
        f"    pathlib.Path({str(found)!r}).write_text(json.dumps(sorted(sys.modules)))\n"
    )
    # the plugin of Hypothesis imports Hypothesis when the session ends
    quiet = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--collect-only", "-q", "--rootdir", ".")
    subprocess.run([sys.executable, "-m", "pytest", *quiet], cwd=tmp_path, capture_output=True, check=False)
    modules = set(json.loads(found.read_text()))
    assert "lock_harness.frontends.pytest_plugin" in modules
    # pytest itself imports asyncio
    assert modules & (HEAVY - {"asyncio", "pytest"} | {"msgspec", "cyclopts"}) == set()
