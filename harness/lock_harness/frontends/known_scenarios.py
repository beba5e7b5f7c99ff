"""The scenarios that a command or a test can name."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from lock_harness.core.errors import UserError
from lock_harness.programs.discovery import SHIPPED, Catalogue, ScenarioFile, find_scenarios
from lock_harness.programs.loading import load_scenario, pick_files
from lock_harness.programs.scenario import Scenario

if TYPE_CHECKING:
    from lock_harness.servers.server import Server

ScenarioStatus = Literal["default", "on request", "planted", "unavailable"]


class ListedScenario(msgspec.Struct, frozen=True):
    """A scenario as `lock-harness list` shows it.

    Attributes:
        status: Whether it runs by default, only when it is named, as a planted lock when it is named, or not here.
        reason: Why it is unavailable; empty unless it is.
        file: The path of its file.
    """

    name: str
    status: ScenarioStatus
    reason: str
    about: str
    file: str


def find_known_scenarios() -> Catalogue:
    """Return the shipped scenario files, extended by those in `scenarios/` of the working directory."""
    return find_scenarios(_folders())


def listed_scenarios(
    catalogue: Catalogue, names: Collection[str], server: "Server | None"
) -> list[ListedScenario]:
    """Return the named scenarios, or all, with what a run on this server would do; None stands for no server."""
    files = pick_files(catalogue, names) if names else catalogue.files
    return [_listed(file, server) for file in files.values()]


def _listed(file: ScenarioFile, server: "Server | None") -> ListedScenario:
    try:
        scenario = load_scenario(file)
    except UserError as error:
        status: ScenarioStatus = "unavailable"
        reason = str(error)
    else:
        reason = _why_unavailable(scenario, server)
        status = "unavailable" if reason else _status(scenario)
    return ListedScenario(file.name, status, reason, file.about, str(_shown(file.path)))


def _why_unavailable(scenario: Scenario, server: "Server | None") -> str:
    from lock_harness.execution.faults import why_unavailable
    from lock_harness.programs.equipment import equipment

    if server is None:
        return "there is no server to test on"
    return why_unavailable(equipment(scenario.what), server) or ""


def _status(scenario: Scenario) -> ScenarioStatus:
    return "planted" if scenario.planted else "on request" if scenario.on_request else "default"


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
