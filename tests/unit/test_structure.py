"""The size and shape of the code, read from its syntax trees: small modules, classes and functions, distinct names."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "harness/lock_harness"
TREES = {
    "harness": PACKAGE,
    "tests": ROOT / "tests",
    "benchmarks": ROOT / "benchmarks",
    "simulation": ROOT / "simulation",
    "scenarios": ROOT / "scenarios",
}

MOST_TOP_LEVEL_ENTRIES = 19
MOST_MODULE_LINES = 350
MOST_FUNCTION_LINES = 45
MOST_METHODS = 20

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(folder: Path) -> Iterator[tuple[str, str, ast.Module]]:
    """The path, the text and the syntax tree of each module; scenarios, which are linked into the package, count once."""
    for path in sorted(folder.rglob("*.py")):
        if "scenarios" not in path.relative_to(folder).parts and "node_modules" not in path.parts:
            text = path.read_text()
            yield str(path.relative_to(ROOT)), text, ast.parse(text)


def length(function: Function) -> int:
    """The lines of a function, from its `def` to its end."""
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def test_the_package_has_few_top_level_entries() -> None:
    entries = {path.name for path in PACKAGE.iterdir()} - {"__init__.py", "py.typed", "__pycache__"}
    assert len(entries) <= MOST_TOP_LEVEL_ENTRIES, sorted(entries)


@pytest.mark.parametrize("tree", TREES)
def test_modules_are_short(tree: str) -> None:
    lines = {path: len(text.splitlines()) for path, text, _ in modules(TREES[tree])}
    assert {path: count for path, count in lines.items() if count > MOST_MODULE_LINES} == {}


@pytest.mark.parametrize("tree", TREES)
def test_functions_are_short(tree: str) -> None:
    lines = {
        f"{path}:{node.lineno} {node.name}": length(node)
        for path, _, module in modules(TREES[tree])
        for node in ast.walk(module)
        if isinstance(node, Function)
    }
    assert {name: count for name, count in lines.items() if count > MOST_FUNCTION_LINES} == {}


@pytest.mark.parametrize("tree", TREES)
def test_classes_have_few_methods(tree: str) -> None:
    methods = {
        f"{path}:{node.lineno} {node.name}": sum(isinstance(member, Function) for member in node.body)
        for path, _, module in modules(TREES[tree])
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
    }
    assert {name: count for name, count in methods.items() if count > MOST_METHODS} == {}


def test_a_public_class_name_is_used_once_in_the_package() -> None:
    names = Counter(
        node.name
        for _, _, module in modules(PACKAGE)
        for node in module.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name: count for name, count in names.items() if count > 1} == {}
