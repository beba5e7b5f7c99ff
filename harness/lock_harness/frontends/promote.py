"""Write a scenario file from a saved run."""

import re
from pathlib import Path

from lock_harness.core.errors import MachineError, UserError
from lock_harness.core.run import Run
from lock_harness.frontends.known_scenarios import find_known_scenarios
from lock_harness.programs.source import scenario_source
from lock_harness.render.sentences import reasons
from lock_harness.render.text import plural

FOLDER = Path("scenarios")


def write_scenario(run: Run, name: str, origin: Path) -> Path:
    """Write `scenarios/NAME.py`, which runs the program of a saved run, and return its path.

    `UserError` for a name that is no name of a scenario, or that exists.  `origin`: the path of the saved run.
    """
    if not re.fullmatch(r"[A-Za-z]\w*(/[A-Za-z]\w*)*", name):
        raise UserError(
            f"{name!r} is not a name for a scenario: use letters, digits and _, as in 'lost_wakeup'"
        )
    path = FOLDER / f"{name}.py"
    if path.exists():
        raise UserError(f"{path} exists: choose another name, or remove it")
    if name in find_known_scenarios().files:
        raise UserError(
            f"{name!r} is the name of a shipped scenario, which {path} would replace: choose another name"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(scenario_source(run.program, run.bounds, describe_origin(run, origin)))
    except OSError as error:
        raise MachineError(f"cannot write {path}: {error.strerror}") from None
    return path


def describe_origin(run: Run, origin: Path) -> list[str]:
    """Return the paragraphs of a docstring that say where a program comes from."""
    size = f"{plural(len(run.program.steps), 'step')} of {plural(run.program.actors, 'actor')}"
    if run.status == "violated":
        title = f"Violated {run.violated_checks[0]} in scenario {run.scenario}: {size}."
    else:
        title = f"A program of scenario {run.scenario}: {size}."
    where = f"From {origin}, lock {run.lock}, lock-harness {run.environment.harness}."
    return [title, *(f"{reason}." for reason in reasons(run)), where]
