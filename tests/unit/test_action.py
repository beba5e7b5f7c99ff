"""The composite action for GitHub, and the workflows of the documentation."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

yaml: Any = pytest.importorskip("yaml", reason="needs PyYAML, of the development dependencies")

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]

# shows the arguments that it gets, and runs code, as the real program does
PYTHON = """#!/bin/sh
if [ "$1" = -c ]; then exec {python} "$@"; fi
printf '%s\\n' "$@" > "$SHOWN"
exit "${{CODE:-0}}"
"""


def step(name: str) -> dict[str, Any]:
    (found,) = [one for one in STEPS if one["name"] == name]
    return found


Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the script of a step as GitHub does; returns its exit code and the arguments that Python got."""
    python, shown = tmp_path / "bin/python", tmp_path / "shown"
    python.parent.mkdir()
    python.write_text(PYTHON.format(python=sys.executable))
    python.chmod(python.stat().st_mode | stat.S_IXUSR)

    def run_script(name: str, code: int = 0, **variables: str) -> tuple[int, list[str]]:
        script = tmp_path / "script.sh"
        script.write_text(step(name)["run"])
        assert variables.keys() <= step(name)["env"].keys()
        own = {"SHOWN": str(shown), "CODE": str(code), "GITHUB_OUTPUT": str(tmp_path / "output")}
        path = f"{python.parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            env={**dict.fromkeys(step(name)["env"], ""), **own, "PATH": path, **variables},
            cwd=tmp_path,
            check=False,
        )
        return done.returncode, shown.read_text().splitlines()

    return run_script


def test_the_action_is_composite_and_documents_each_input() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert {"lock", "args", "python-version", "pg"} <= ACTION["inputs"].keys()
    assert all(one["description"] and "default" in one for one in ACTION["inputs"].values())
    assert all("shell" in one for one in STEPS if "run" in one)


def test_each_input_is_used_and_no_other() -> None:
    used = set(re.findall(r"\binputs\.([\w-]+)", str(STEPS)))
    assert used == ACTION["inputs"].keys()


def test_no_input_is_pasted_into_a_script() -> None:
    """Its text would be run as a part of the script."""
    assert [one["name"] for one in STEPS if "${{" in one.get("run", "")] == []


def test_the_inputs_become_arguments(run: Run) -> None:
    name = "Run the scenarios"
    assert run(name) == (0, ["-m", "lock_harness", "run"])
    arguments = "--for 5m --skip 'through_*' crashes --contract \"a=b c\" $(touch bad)"
    code, shown = run(name, LOCK="my_lock:Lock", ARGUMENTS=arguments)
    assert code == 0
    assert shown == [
        *["-m", "lock_harness", "run", "--lock", "my_lock:Lock", "--for", "5m", "--skip", "through_*"],
        *["crashes", "--contract", "a=b c", "$(touch", "bad)"],
    ]


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_exit_code_is_that_of_the_command_and_an_output(run: Run, tmp_path: Path, code: int) -> None:
    assert run("Run the scenarios", code)[0] == code
    assert (tmp_path / "output").read_text() == f"exit-code={code}\n"


def test_the_harness_and_the_project_are_installed(run: Run) -> None:
    pip = ["-m", "pip", "install", "/action"]
    assert run("Install", HARNESS="/action") == (0, pip)
    assert run("Install", HARNESS="/action", INSTALL="-r 'my requirements.txt' .[x]") == (
        0,
        [*pip, "-r", "my requirements.txt", ".[x]"],
    )


def test_the_memory_is_saved_and_the_reports_are_uploaded_although_the_run_failed() -> None:
    for name in ("Save what was found", "Upload the reports"):
        assert step(name)["if"].startswith("always() && ")
    restored, saved = step("Restore what was found before")["with"], step("Save what was found")["with"]
    assert (restored["path"], restored["key"]) == (saved["path"], saved["key"])
    assert all(saved["key"].startswith(prefix) for prefix in restored["restore-keys"].splitlines())


def workflows() -> list[dict[str, Any]]:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/ci.md").read_text(), re.DOTALL)
    return [yaml.safe_load(block) for block in blocks]


def test_the_workflows_on_the_page_are_valid() -> None:
    whole = [one for one in workflows() if "jobs" in one]
    assert len(whole) == 2
    for workflow in whole:
        # YAML 1.1 takes the word on for a truth value
        assert {"name", True, "jobs"} <= workflow.keys()
        for job in workflow["jobs"].values():
            assert all(("uses" in one) != ("run" in one) for one in job["steps"])


def test_the_workflow_on_the_page_gives_the_action_inputs_that_it_has() -> None:
    used = [
        one.get("with", {})
        for workflow in workflows()
        for job in workflow.get("jobs", {}).values()
        for one in job["steps"]
        if "lock-harness@" in one.get("uses", "")
    ]
    assert used
    assert all(one.keys() <= ACTION["inputs"].keys() for one in used)
