"""The scenarios that a command or a test can name."""

from collections.abc import Iterator
from pathlib import Path

from lock_harness.programs.discovery import SHIPPED, discover
from lock_harness.programs.scenario import Scenario


def known_scenarios() -> dict[str, Scenario]:
    """Return the shipped scenarios and those in `scenarios/` of the working directory."""
    return discover(_folders())


def _folders() -> Iterator[Path]:
    local = Path.cwd() / "scenarios"
    yield SHIPPED
    if local.is_dir() and local.resolve() != SHIPPED.resolve():
        yield local
