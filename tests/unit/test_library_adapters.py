"""The adapters in examples/libraries/ are short, and declare contracts; the libraries need not be installed."""

import ast
import json
import re
from pathlib import Path

import pytest

from lock_harness.core.contract import declared
from lock_harness.frontends.reports import load

FOLDER = Path(__file__).parents[2] / "examples/libraries"
README = (FOLDER / "README.md").read_text()
SHARED = ("django_session.py", "protocol.mjs", "test_findings.py", "with_blocks.py")
ADAPTERS = sorted(
    path for path in FOLDER.glob("*.*") if path.suffix in (".py", ".mjs") and path.name not in SHARED
)
FOUND = sorted(FOLDER.glob("found/*.json"))
PACKAGES = (
    "sqlalchemy-dlock",
    "django-pglock",
    "postgresql-lock",
    "PALs",
    "lonny-pg-lock",
    "django-concurrency-safe",
    "pg",
    "postgres",
    "advisory-lock",
)
MOST_LINES = 20


def python_contract(text: str) -> dict[str, object]:
    """The arguments of the `Contract(...)` in the source of an adapter; all of them are literals."""
    (call,) = (
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Contract"
    )
    return {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}


def node_contract(text: str) -> dict[str, object]:
    """The contract in the source of an adapter for Node, written as JSON; an adapter without one has the default."""
    found = re.search(r"^const contract = (\{.*\});$", text, re.MULTILINE)
    return dict(json.loads(found[1])) if found else {}


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.name)
def test_an_adapter_is_short(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.name)
def test_an_adapter_declares_a_valid_contract(path: Path) -> None:
    text = path.read_text()
    declared(python_contract(text) if path.suffix == ".py" else node_contract(text))


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.name)
def test_the_readme_names_an_adapter(path: Path) -> None:
    assert f"]({path.name})" in README


def test_every_link_of_the_readme_has_a_target() -> None:
    links = re.findall(r"\]\(([^)#:]+)", README)
    assert [link for link in links if not (FOLDER / link).exists()] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_each_library_has_a_version_that_is_pinned_and_in_the_readme(name: str) -> None:
    pinned = (FOLDER / "requirements.txt").read_text() + "".join(
        f"{package}=={version}\n"
        for package, version in json.loads((FOLDER / "package.json").read_text())["dependencies"].items()
    )
    version = re.search(rf"^{re.escape(name)}==(\S+)$", pinned, re.MULTILINE)
    assert version is not None
    assert f"`{name}` {version[1]}" in README


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_a_saved_finding_can_be_read_and_is_in_the_readme(path: Path) -> None:
    run = load(path)
    assert run.status == "violated"
    assert run.lock.startswith(("examples.libraries.", "node examples/libraries/"))
    assert f"found/{path.name}" in README
