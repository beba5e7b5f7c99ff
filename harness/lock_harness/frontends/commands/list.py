"""The command `list`."""

from typing import TYPE_CHECKING

from rich.text import Text

from lock_harness.frontends import parameters
from lock_harness.frontends.terminal import console, print_json, print_notes

if TYPE_CHECKING:
    from lock_harness.frontends.known_scenarios import ListedScenario


def list_scenarios(
    *scenarios: parameters.ListedNames,
    json: parameters.AsJson = False,
    pg: parameters.ServerChoice = None,
) -> int:
    """List scenarios, shipped and your own, and whether they run by default, only when they are named, or not here.

    Those under planted/ have a broken lock, which must be caught. No server is started or connected to.
    """
    from lock_harness.frontends.known_scenarios import (
        find_known_scenarios,
        listed_scenarios,
        replacement_notes,
        skipped_notes,
    )
    from lock_harness.servers.providers import expected_server

    catalogue = find_known_scenarios()
    found = listed_scenarios(catalogue, scenarios, expected_server(pg))
    if json:
        print_json(found)
        return 0
    for one in found:
        console.print(_line(one), soft_wrap=True)
    print_notes(replacement_notes(catalogue, [one.name for one in found]))
    if not scenarios:
        print_notes(skipped_notes(catalogue))
    return 0


def _line(one: "ListedScenario") -> Text:
    mark = "" if one.status == "default" else "not here" if one.status == "unavailable" else one.status
    reason = f" ({one.reason})" if one.reason else ""
    style = "yellow" if one.reason else "dim"
    return Text.assemble((f"{one.name:<36}", "bold"), (f"{mark:<11}", style), one.about, (reason, style))
