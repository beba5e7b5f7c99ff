"""The scenarios that a command or a test can name."""

from collections.abc import Collection, Iterator
from pathlib import Path

from lock_harness.programs.discovery import SHIPPED, Catalogue, find_scenarios


def find_known_scenarios() -> Catalogue:
    """Return the shipped scenario files, extended by those in `scenarios/` of the working directory."""
    return find_scenarios(_folders())


def _folders() -> Iterator[Path]:
    own = Path.cwd() / "scenarios"
    yield SHIPPED
    if own.is_dir() and own.resolve() != SHIPPED.resolve():
        yield own


def replacement_notes(catalogue: Catalogue, names: Collection[str]) -> list[str]:
    """Return a line for each shipped scenario among `names` that a file of the user replaces."""
    return [
        f"{_shown(catalogue.files[shipped.name].path)} replaces the shipped scenario {shipped.name}"
        for shipped in catalogue.replaced
        if shipped.name in names
    ]


def skipped_notes(catalogue: Catalogue) -> list[str]:
    """Return a line for each file that is not a scenario, with the reason."""
    return [f"skipped {_shown(file.path)}: {file.reason}" for file in catalogue.skipped]


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
