"""Find scenario files.  A file is parsed, not imported, so a folder may hold any other Python code as well."""

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lock_harness.core.errors import one_line

SHIPPED = Path(__file__).parents[1] / "scenarios"
SHIPPED_PACKAGE = "lock_harness.scenarios"
VARIABLE = "SCENARIO"


@dataclass(frozen=True)
class ScenarioFile:
    """A Python file that assigns SCENARIO at its top level.

    `name`: its path below the folder, without the suffix, such as `planted/shared_mode`.
    `module_name`: the name under which it is imported, here and in the actors.
    `about`: the first paragraph of its docstring, in one line.
    """

    name: str
    path: Path
    module_name: str
    about: str


@dataclass(frozen=True)
class SkippedFile:
    """A Python file in a scenario folder that is not a scenario, and the reason."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Catalogue:
    """The scenario files of one or more folders.

    `files`: the scenario files by name.
    `skipped`: the other Python files, except private ones.
    `replaced`: the files that a file of the same name in a later folder replaces.
    """

    files: Mapping[str, ScenarioFile]
    skipped: tuple[SkippedFile, ...] = ()
    replaced: tuple[ScenarioFile, ...] = ()


def find_scenarios(folders: Iterable[Path]) -> Catalogue:
    """Return the scenario files in these folders and their sub-folders, without importing any.

    A private file or folder, whose name begins with `_` or `.`, is ignored.
    """
    files: dict[str, ScenarioFile] = {}
    skipped: list[SkippedFile] = []
    replaced: list[ScenarioFile] = []
    for folder in folders:
        for path in _public_files(folder):
            entry = _examine(path, folder)
            if isinstance(entry, SkippedFile):
                skipped.append(entry)
                continue
            if entry.name in files:
                replaced.append(files[entry.name])
            files[entry.name] = entry
    return Catalogue(files, tuple(skipped), tuple(replaced))


def _public_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(("_", ".")) for part in parts):
            yield path


def _examine(path: Path, folder: Path) -> ScenarioFile | SkippedFile:
    try:
        tree = _parse(path)
    except OSError as error:
        return SkippedFile(path, f"cannot be read: {error.strerror}")
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        return SkippedFile(path, f"does not parse: {where}{one_line(error.msg)}")
    # A null byte, in Python 3.11.
    except ValueError as error:
        return SkippedFile(path, f"does not parse: {one_line(error)}")
    if not any(_assigns_scenario(statement) for statement in tree.body):
        return SkippedFile(path, f"defines no {VARIABLE}")
    name = path.relative_to(folder).with_suffix("").as_posix()
    package = SHIPPED_PACKAGE if folder.resolve() == SHIPPED.resolve() else folder.name
    module_name = ".".join((package, *name.split("/")))
    about = (ast.get_docstring(tree, clean=False) or "").strip().split("\n\n")[0]
    return ScenarioFile(name, path, module_name, one_line(about))


def _parse(path: Path) -> ast.Module:
    with warnings.catch_warnings():
        # The parser may warn, for example of an invalid escape.  A search for scenarios does not show that.
        warnings.simplefilter("ignore")
        return ast.parse(path.read_bytes(), str(path))


def _assigns_scenario(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    else:
        return False
    return any(isinstance(target, ast.Name) and target.id == VARIABLE for target in targets)
