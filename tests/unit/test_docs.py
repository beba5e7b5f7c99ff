"""The pages agree with the code."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from lock_harness.checks import CHECKS
from lock_harness.core.fault import FAULTS
from lock_harness.programs.draw import FAULTS_BY_STEP_KIND

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "harness/lock_harness"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "reports/README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_has_a_target(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#:]+)\)", prose)
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = next(
        line for line in (ROOT / "README.md").read_text().splitlines() if line.endswith("nox -s tests")
    )
    assert command in (ROOT / ".ci/run").read_text().splitlines()


def test_the_typescript_lock_on_the_page_is_the_one_that_is_tested() -> None:
    page = (ROOT / "docs/your-own-lock.md").read_text()
    block = re.search(r"```typescript\n(.*?)```", page, re.DOTALL)
    assert block is not None
    assert block[1] == (ROOT / "tests/foreign/month_lock.mts").read_text()


def test_the_row_lock_on_the_page_is_the_one_that_is_tested() -> None:
    page = (ROOT / "docs/your-own-lock.md").read_text()
    assert f"```python\n{(ROOT / 'examples/row_lock.py').read_text()}```" in page


def test_every_check_is_explained() -> None:
    readme, failure = (ROOT / "README.md").read_text(), (ROOT / "docs/reading-a-failure.md").read_text()
    for check in CHECKS:
        assert f"`{check.__name__}`" in readme
        assert f"`{check.__name__}`" in failure


def fault_table() -> str:
    """The faults of a race as the page must list them, one row per kind."""
    rows = ["| kind | what happens | lasts | available with |", "|---|---|---|---|"]
    for step, kind in FAULTS_BY_STEP_KIND.items():
        traits = FAULTS[kind]
        if not traits.needs_gate:
            rows.append(
                f"| `{step}` | {traits.meaning} | {'yes' if traits.lasting else '-'} | {traits.needs} |"
            )
    return "\n".join(rows) + "\n"


def test_the_table_of_faults_on_the_page_is_the_table_in_the_code() -> None:
    assert fault_table() in (ROOT / "docs/scenarios.md").read_text()


def test_the_table_of_faults_at_the_gate_names_each_kind_and_its_points() -> None:
    page = (ROOT / "docs/scenarios.md").read_text()
    for step, kind in FAULTS_BY_STEP_KIND.items():
        points = ", ".join(FAULTS[kind].gate_points)
        assert not points or f"| `{step}` | {points} | {FAULTS[kind].meaning} |\n" in page


GLOSSARY = (ROOT / "docs/glossary.md").read_text()
TERMS = [
    "at rest",
    "baton",
    "choices",
    "conductor",
    "definite hold",
    "enabled actor",
    "example",
    "free-running",
    "heal",
    "incarnation",
    "indeterminate",
    "lasting fault",
    "lock session",
    "lockstep",
    "mode",
    "pending",
    "planted",
    "possible hold",
    "race",
    "ready actor",
    "schedule",
    "session end",
    "spare",
    "unknown",
    "witness",
]


def public_classes() -> list[tuple[str, str]]:
    """The name and the file of each public class of the package, except those of scenario files; a name may occur twice."""
    files = (path for path in PACKAGE.rglob("*.py") if PACKAGE / "scenarios" not in path.parents)
    nodes = ((path, node) for path in files for node in ast.walk(ast.parse(path.read_text())))
    return [
        (node.name, path.relative_to(PACKAGE).as_posix())
        for path, node in nodes
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


def glossary_rows(title: str) -> list[list[str]]:
    """The cells of each row of the glossary's table below a title, without its heading."""
    section = GLOSSARY.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+) \|$", section, re.MULTILINE)
    return [row.split(" | ") for row in rows[1:]]


def test_no_two_public_classes_share_a_name() -> None:
    names = [name for name, _ in public_classes()]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_the_glossary_lists_each_public_class_with_its_file_and_no_other() -> None:
    listed = {(name, file) for name, file, _ in glossary_rows("Classes")}
    assert listed == {(f"`{name}`", f"`{file}`") for name, file in public_classes()}


@pytest.mark.parametrize("title", ["Terms", "Classes"])
def test_the_glossary_is_alphabetical_and_lists_each_name_once(title: str) -> None:
    names = [cells[0].strip("`").lower() for cells in glossary_rows(title)]
    assert names == sorted(names)
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_the_glossary_consists_of_the_two_tables() -> None:
    rows = re.findall(r"^\| (?!term \||class \|)", GLOSSARY, re.MULTILINE)
    assert len(rows) == len(glossary_rows("Terms")) + len(glossary_rows("Classes"))


def test_the_glossary_defines_the_terms_of_the_documentation() -> None:
    rows = glossary_rows("Terms")
    assert all(len(cells) == 2 and not cells[0].startswith("`") for cells in rows)
    assert [term for term in TERMS if term not in [cells[0] for cells in rows]] == []


def walk_through_the_code() -> str:
    page = (ROOT / "docs/architecture.md").read_text()
    return page[page.index("## A walk through the code") :]


def test_each_file_of_the_walk_through_the_code_exists() -> None:
    paths = re.findall(r"`([a-z_0-9/]+(?:\.py|/))`", walk_through_the_code())
    assert len(paths) > 20
    assert [path for path in paths if not ((PACKAGE / path).exists() or (ROOT / path).exists())] == []


def test_each_name_of_the_walk_through_the_code_is_in_its_file() -> None:
    names = re.findall(
        r"`([\w.]+)`(?: and `([\w.]+)`)? (?:in|of) `([a-z_0-9/]+\.py)`", walk_through_the_code()
    )
    assert len(names) > 12
    assert [
        (name, file)
        for *pair, file in names
        for name in pair
        for part in name.split(".")
        if not re.search(rf"\b{part}\b", (PACKAGE / file).read_text())
    ] == []
