"""What the pages say is so."""

import re
from pathlib import Path

import pytest

from lock_harness.checks import CHECKS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "reports/README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
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


def test_every_check_is_explained() -> None:
    readme, failure = (ROOT / "README.md").read_text(), (ROOT / "docs/reading-a-failure.md").read_text()
    for check in CHECKS:
        assert f"`{check.__name__}`" in readme
        assert f"`{check.__name__}`" in failure
