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
    """A Python file in a scenario folder that cannot be used as a scenario, and the reason.

    `name`: the name that its scenario would have.
    `broken`: it mentions SCENARIO but does not parse, so it was probably meant to be a scenario.
    """

    name: str
    path: Path
    reason: str
    broken: bool = False


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
    name = path.relative_to(folder).with_suffix("").as_posix()
    try:
        content = path.read_bytes()
    except OSError as error:
        return SkippedFile(name, path, f"cannot be read: {error.strerror}", broken=True)
    try:
        tree = _parse(content, path)
    # ValueError: a null byte, in Python 3.11.
    except (SyntaxError, ValueError) as error:
        broken = VARIABLE.encode() in content
        return SkippedFile(name, path, f"does not parse: {_describe(error)}", broken=broken)
    if not _binds_scenario(tree):
        return SkippedFile(name, path, f"defines no {VARIABLE}")
    package = SHIPPED_PACKAGE if folder.resolve() == SHIPPED.resolve() else folder.name
    module_name = ".".join((package, *name.split("/")))
    about = (ast.get_docstring(tree, clean=False) or "").strip().split("\n\n")[0]
    return ScenarioFile(name, path, module_name, one_line(about))


def _parse(content: bytes, path: Path) -> ast.Module:
    with warnings.catch_warnings():
        # The parser may warn, for example of an invalid escape.  A search for scenarios does not show that.
        warnings.simplefilter("ignore")
        return ast.parse(content, str(path))


def _describe(error: SyntaxError | ValueError) -> str:
    if not isinstance(error, SyntaxError):
        return one_line(error)
    where = f"line {error.lineno}: " if error.lineno else ""
    return f"{where}{one_line(error.msg)}"


def _binds_scenario(node: ast.AST) -> bool:
    """Return whether the code binds the name SCENARIO at module level, by an assignment or an import."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                continue
            case ast.AnnAssign(value=None):
                continue
            case ast.Name(id=name, ctx=ast.Store()) if name == VARIABLE:
                return True
            case ast.alias(name=name, asname=other) if (other or name) == VARIABLE:
                return True
        if _binds_scenario(child):
            return True
    return False
