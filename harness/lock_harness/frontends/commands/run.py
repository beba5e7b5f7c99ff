"""The command `run`."""

import os
from typing import TYPE_CHECKING

from lock_harness.core.clock import process_began_s
from lock_harness.exploration.plan import Plan
from lock_harness.frontends import parameters
from lock_harness.frontends.defaults import MEMORY, REPORTS
from lock_harness.frontends.terminal import console, print_notes, send_to_stderr
from lock_harness.frontends.values import parse_lanes, parse_seconds, positive
from lock_harness.servers.years import DEFAULT_YEARS, parse_years

if TYPE_CHECKING:
    from lock_harness.frontends.options import RunOptions


def run(
    *scenarios: parameters.ScenarioNames,
    skip: parameters.Skip = [],  # noqa: B006
    examples: parameters.Examples = None,
    for_: parameters.TimeLimit = None,
    seed: parameters.Seed = None,
    lanes: parameters.Lanes = "auto",
    exitfirst: parameters.ExitFirst = False,
    fail_on_skip: parameters.FailOnSkip = False,
    json: parameters.AsJson = False,
    lock: parameters.LockName = None,
    lock_command: parameters.LockCommand = None,
    contract: parameters.ContractFields = [],  # noqa: B006
    pg: parameters.ServerChoice = None,
    years: parameters.YearRange = str(DEFAULT_YEARS),
    release_ms: parameters.ReleaseMs = None,
    reports: parameters.Reports = REPORTS,
    memory: parameters.Memory = MEMORY,
    known: parameters.Known = None,
) -> int:
    """Run scenarios against a lock. Options can also be given in the table [tool.lock-harness] of pyproject.toml.

    Exit code 0: everything holds. 1: a violation. 2: a mistake in the command. 3: unknown, or a fault of the machine.
    """
    from lock_harness.frontends.known_findings import read_known_findings
    from lock_harness.frontends.lock_option import resolve_lock
    from lock_harness.frontends.options import RunOptions

    options = RunOptions(
        examples=positive("--examples", examples),
        seconds=parse_seconds(for_),
        seed=Plan().seed if seed is None else seed,
        lanes=parse_lanes(lanes),
        exits_first=exitfirst,
        fails_on_skip=fail_on_skip,
        as_json=json,
        lock=resolve_lock(lock, lock_command, contract),
        years=parse_years(years),
        release_ms=positive("--release-ms", release_ms),
        reports=reports,
        memory=memory,
        known=read_known_findings(known),
        began=process_began_s(),
    )
    return _run_campaign(scenarios, skip, options, pg)


def _run_campaign(names: tuple[str, ...], skip: list[str], options: "RunOptions", pg: str | None) -> int:
    if options.as_json:
        send_to_stderr()
    from lock_harness.frontends.known_scenarios import find_known_scenarios, replacement_notes
    from lock_harness.programs.loading import pick_scenarios

    catalogue = find_known_scenarios()
    scenarios = pick_scenarios(catalogue, names, skip)

    from lock_harness.frontends.campaign import run_campaign
    from lock_harness.frontends.reports import check_writable
    from lock_harness.servers.providers import is_none

    if is_none(pg):
        console.print("skipped: --pg none leaves no server to test on; leave it out to have one started")
        return 0
    # Hypothesis would create its folder in the working directory.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(options.reports / ".hypothesis"))
    check_writable(options.reports)
    print_notes(replacement_notes(catalogue, [one.name for one in scenarios]))
    return run_campaign(scenarios, options, pg, console)
