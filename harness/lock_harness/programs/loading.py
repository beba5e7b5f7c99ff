"""Import scenario files, and choose scenarios by name."""

import importlib.util
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from traceback import extract_tb

from lock_harness.core.attempt import Attempt
from lock_harness.core.errors import UserError, one_line
from lock_harness.programs.discovery import SHIPPED_PACKAGE, VARIABLE, Catalogue, ScenarioFile, SkippedFile
from lock_harness.programs.scenario import Scenario

PATTERN_CHARACTERS = frozenset("*?[")


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


def pick_scenarios(catalogue: Catalogue, names: Iterable[str], skip: Collection[str] = ()) -> list[Scenario]:
    """Return the scenarios with these names, except those with the names in `skip`.

    A name may be that of a folder, which stands for all scenarios in it, or a pattern such as `through_*` or
    `planted/row_*`.  Only the files that are returned are imported.  Without names, return every scenario that is neither
    planted nor on request.  `UserError` for an unknown name, for a file that was meant to be one of these scenarios but
    does not parse, and if `skip` leaves nothing.
    """
    for name in skip:
        _require_known(catalogue, name)
    wanted = [*names]
    kept = _without(catalogue, skip)
    if wanted:
        picked = [load_scenario(file) for file in pick_files(kept, wanted, known=catalogue).values()]
    else:
        _require_none(file for file in kept.skipped if file.broken)
        picked = [one for one in load_scenarios(kept).values() if not (one.planted or one.on_request)]
    if skip and not picked:
        raise UserError(f"there is no scenario left without {', '.join(skip)}: name others, or skip fewer")
    return picked


def pick_files(
    catalogue: Catalogue, names: Iterable[str], known: Catalogue | None = None
) -> dict[str, ScenarioFile]:
    """Return the files of the scenarios with these names, which may be folders or patterns.

    `UserError` for a name that is unknown, also in the catalogue `known`, and for a file that cannot be used.
    """
    picked: dict[str, ScenarioFile] = {}
    for name in names:
        _require_known(known or catalogue, name)
        _require_none(
            file
            for file in catalogue.skipped
            if file.name == name or (file.broken and _is_meant(file.name, name))
        )
        picked |= {key: file for key, file in catalogue.files.items() if _is_meant(key, name)}
    return picked


def _without(catalogue: Catalogue, skip: Collection[str]) -> Catalogue:
    """Return the catalogue without the scenarios with these names."""
    return replace(
        catalogue,
        files={key: file for key, file in catalogue.files.items() if not _is_any(key, skip)},
        skipped=tuple(file for file in catalogue.skipped if not _is_any(file.name, skip)),
    )


def _require_known(catalogue: Catalogue, name: str) -> None:
    """Raise `UserError` if no file has this name; an unusable one counts."""
    names = [*catalogue.files, *(file.name for file in catalogue.skipped)]
    if any(_is_meant(key, name) for key in names):
        return
    if _is_pattern(name):
        raise UserError(f"no scenario matches {name!r}: 'lock-harness list' shows all scenarios")
    close = get_close_matches(name, catalogue.files, 1)
    hint = f"did you mean {close[0]!r}?" if close else "'lock-harness list' shows all scenarios"
    raise UserError(f"there is no scenario {name!r}: {hint}")


def _is_any(name: str, wanted: Collection[str]) -> bool:
    return any(_is_meant(name, one) for one in wanted)


def _is_meant(name: str, wanted: str) -> bool:
    """Return whether a scenario has the wanted name, matches the wanted pattern, or is in the folder of that name.

    As in a shell, a `*` stands for no `/`.
    """
    if _is_pattern(wanted):
        parts, patterns = name.split("/"), wanted.split("/")
        return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))
    return name == wanted or name.startswith(f"{wanted.rstrip('/')}/")


def _is_pattern(wanted: str) -> bool:
    return not PATTERN_CHARACTERS.isdisjoint(wanted)


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
