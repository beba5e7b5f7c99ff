"""Show a run in GitHub Actions, when the command runs there."""

import ast
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from lock_harness.locks.loading import LockSpec
from lock_harness.render.github import GithubReport, SourcePlace, annotations, step_summary

RUNS_THERE = "GITHUB_ACTIONS"
SUMMARY = "GITHUB_STEP_SUMMARY"
REPOSITORY = "GITHUB_WORKSPACE"


def runs_in_github(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether this process is a step of a GitHub workflow."""
    return environment.get(RUNS_THERE) == "true"


def write_github_summary(
    report: GithubReport, output: TextIO, environment: Mapping[str, str] = os.environ
) -> None:
    """Write the annotations to `output`, and append the summary to the file that GitHub names.

    A file that cannot be written is noted in the output, since it does not change the result.
    """
    for line in annotations(report):
        print(line, file=output)
    path = environment.get(SUMMARY)
    if not path:
        return
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(step_summary(report))
    except OSError as error:
        print(f"::warning::cannot write the summary of the step to {path}: {error.strerror}", file=output)


def place_of_lock(lock: LockSpec, environment: Mapping[str, str] = os.environ) -> SourcePlace | None:
    """Return where a lock is defined; None if it is a command, or is not defined in the repository that is tested."""
    module_name, _, attribute = lock.name.partition(":")
    file = getattr(sys.modules.get(module_name), "__file__", None)
    repository = Path(environment.get(REPOSITORY) or Path.cwd()).resolve()
    if lock.command or file is None or not Path(file).resolve().is_relative_to(repository):
        return None
    text = Path(file).read_text(encoding="utf-8", errors="replace")
    name = attribute.partition(".")[0]
    definitions = ast.ClassDef | ast.FunctionDef
    lines = [
        node.lineno for node in ast.parse(text).body if isinstance(node, definitions) and node.name == name
    ]
    return SourcePlace(Path(file).resolve().relative_to(repository).as_posix(), lines[0] if lines else 1)
