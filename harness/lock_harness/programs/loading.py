"""Import scenario files, and choose scenarios by name."""

import importlib.util
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from traceback import extract_tb

from lock_harness.core.attempt import Attempt
from lock_harness.core.errors import UserError, one_line
from lock_harness.programs.discovery import SHIPPED_PACKAGE, VARIABLE, Catalogue, ScenarioFile, SkippedFile
from lock_harness.programs.scenario import Scenario


def load_scenario(file: ScenarioFile) -> Scenario:
    """Import the file, unless it is imported already, and return its scenario.

    `UserError` if the import fails or SCENARIO is not a `Scenario`.
    """
    scenario = getattr(_import(file), VARIABLE, None)
    if not isinstance(scenario, Scenario):
        raise UserError(f"the scenario file {file.path} does not define {VARIABLE} = Scenario(...)")
    return replace(scenario, name=file.name, about=file.about)


def load_scenarios(catalogue: Catalogue) -> dict[str, Scenario]:
    """Import all files of the catalogue and return their scenarios by name."""
    return {name: load_scenario(file) for name, file in catalogue.files.items()}


def pick_scenarios(catalogue: Catalogue, names: Iterable[str]) -> list[Scenario]:
    """Return the scenarios with these names; the name of a folder stands for all scenarios in it.

    Only the named files are imported.  Without names, return every scenario that is neither planted nor on request.
    `UserError` for an unknown name, and for a file that was meant to be one of these scenarios but does not parse.
    """
    picked: dict[str, ScenarioFile] = {}
    for name in names:
        picked |= _named(catalogue, name)
    if picked:
        return [load_scenario(file) for file in picked.values()]
    _require_none(file for file in catalogue.skipped if file.broken)
    return [one for one in load_scenarios(catalogue).values() if not (one.planted or one.on_request)]


def _named(catalogue: Catalogue, name: str) -> dict[str, ScenarioFile]:
    files = catalogue.files
    matching = {key: file for key, file in files.items() if _is_in(key, name)}
    _require_none(
        file for file in catalogue.skipped if file.name == name or (file.broken and _is_in(file.name, name))
    )
    if not matching:
        close = get_close_matches(name, files, 1)
        hint = f"did you mean {close[0]!r}?" if close else "'lock-harness list' shows all scenarios"
        raise UserError(f"there is no scenario {name!r}: {hint}")
    return matching


def _is_in(name: str, wanted: str) -> bool:
    """Return whether a scenario has the wanted name, or is in the folder of that name."""
    return name == wanted or name.startswith(f"{wanted}/")


def _require_none(unusable: Iterable[SkippedFile]) -> None:
    for file in unusable:
        raise UserError(f"the scenario file {file.path} {file.reason}; correct it, or move it elsewhere")


def _import(file: ScenarioFile) -> object:
    module = sys.modules.get(file.module_name)
    # The shipped folder is linked into the package: the same file has two paths, and must not become two modules.
    loaded_from = getattr(module, "__file__", None)
    if module is not None and loaded_from and Path(loaded_from).resolve() == file.path.resolve():
        return module
    if not file.module_name.startswith(f"{SHIPPED_PACKAGE}."):
        _make_working_directory_importable()
    spec = importlib.util.spec_from_file_location(file.module_name, file.path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Code in the module, such as a dataclass, may look the module up while it is executed.
    sys.modules[file.module_name] = module
    try:
        _execute(spec.loader.exec_module, module, file.path)
    except UserError:
        del sys.modules[file.module_name]
        raise
    return module


def _make_working_directory_importable() -> None:
    """Let a scenario import its neighbours, such as `scenarios.helpers`, as an actor can that imports its lock."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


def _execute(exec_module: Callable[..., object], module: object, path: Path) -> None:
    """Run the code of a module; any exception in it becomes a `UserError`."""
    try:
        with Attempt() as attempt:
            exec_module(module)
    except SystemExit as error:
        raise UserError(
            f"the scenario file {path} exits with {error.code}; it must only define a scenario"
        ) from None
    if raised := attempt.error:
        lines = [frame.lineno for frame in extract_tb(raised.__traceback__) if frame.filename == str(path)]
        where = f" in line {lines[-1]}" if lines else ""
        kind = type(raised).__name__
        raise UserError(f"the scenario file {path} does not import: {kind}{where}: {one_line(raised)}")
