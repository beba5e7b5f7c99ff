"""How scenario files are found, loaded and picked by name."""

import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from traceback import extract_tb

from lock_harness.core.attempt import Attempt
from lock_harness.core.errors import UserError, one_line
from lock_harness.programs.scenario import Scenario

SHIPPED_PACKAGE = "lock_harness.scenarios"


SHIPPED = Path(__file__).parents[1] / "scenarios"


def discover(folders: Iterable[Path]) -> dict[str, Scenario]:
    """All scenarios in these folders: each `*.py` with a `SCENARIO`, named after its file.

    A scenario in a sub-folder is called `folder/file`.  `UserError` for a file that does not import.
    """
    found: dict[str, Scenario] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder).with_suffix("").as_posix()
            if not path.name.startswith("_"):
                found[name] = _load(path, name, folder)
    return found


def pick(scenarios: Mapping[str, Scenario], wanted: Iterable[str]) -> list[Scenario]:
    """The scenarios called `wanted`; a folder's name stands for all in it; none wanted: all that need no request."""
    picked: dict[str, Scenario] = {}
    for name in wanted:
        inside = {key: one for key, one in scenarios.items() if key.startswith(f"{name}/")}
        if name in scenarios:
            inside[name] = scenarios[name]
        if not inside:
            close = get_close_matches(name, scenarios, 1)
            hint = f"did you mean {close[0]!r}?" if close else "'lock-harness list' shows them all"
            raise UserError(f"there is no scenario {name!r}: {hint}")
        picked |= inside
    return list(
        (
            picked or {key: one for key, one in scenarios.items() if not (one.planted or one.on_request)}
        ).values()
    )


def _load(path: Path, name: str, folder: Path) -> Scenario:
    package = SHIPPED_PACKAGE if folder.resolve() == SHIPPED.resolve() else folder.name
    module_name = ".".join((package, *name.split("/")))
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules.get(module_name)
    if module is None or getattr(module, "__file__", None) != str(path):
        module = importlib.util.module_from_spec(spec)
        _execute(spec.loader.exec_module, module, path)
        sys.modules[module_name] = module
    scenario = getattr(module, "SCENARIO", None)
    if not isinstance(scenario, Scenario):
        raise UserError(f"the scenario file {path} does not define SCENARIO = Scenario(...)")
    about = (module.__doc__ or "").strip().split("\n\n")[0]
    return replace(scenario, name=name, about=one_line(about))


def _execute(run: Callable[..., object], module: object, path: Path) -> None:
    """A file may raise whatever it likes."""
    try:
        with Attempt() as attempt:
            run(module)
    except SystemExit as error:
        raise UserError(f"the scenario file {path} exits with {error.code}: it must only define") from None
    if raised := attempt.error:
        lines = [frame.lineno for frame in extract_tb(raised.__traceback__) if frame.filename == str(path)]
        where = f" in line {lines[-1]}" if lines else ""
        kind = type(raised).__name__
        raise UserError(f"the scenario file {path} does not import: {kind}{where}: {one_line(raised)}")
