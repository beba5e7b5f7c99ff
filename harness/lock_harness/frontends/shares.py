"""The shares of a scenario: its work, divided among workers, and their results until all have arrived."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lock_harness.exploration.plan import Plan
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario

# A worker uses consecutive seeds, so the first seeds of two workers must be far apart.
SEED_DISTANCE = 1_000_003


def divide_plan(plan: Plan, scenario: Scenario, workers: int) -> list[Plan]:
    """Return one plan per worker: its part of the examples, and a seed of its own.

    A fixed program is not divided.  A plan limited by time gives every worker the whole time.
    """
    if not isinstance(scenario.what, Draw):
        return [plan]
    seeds = [plan.seed + number * SEED_DISTANCE for number in range(workers)]
    if plan.examples is None and plan.seconds is not None:
        return [replace(plan, seed=seed) for seed in seeds]
    total = plan.examples or scenario.examples
    counts = [total // workers + (number < total % workers) for number in range(workers)]
    return [
        replace(plan, examples=count, seed=seed) for count, seed in zip(counts, seeds, strict=True) if count
    ]


class PendingShares:
    """The saved shares of scenarios that have more shares to come."""

    def __init__(self, expected: Mapping[str, int]) -> None:
        self._expected = expected
        self._saved: dict[str, list[Path]] = {scenario: [] for scenario in expected}

    @property
    def scenarios(self) -> list[str]:
        """The scenarios that lack at least one share."""
        return list(self._saved)

    def add(self, scenario: str, path: Path) -> list[Path]:
        """Note a saved share.  Return all shares of the scenario if this was the last one, and [] otherwise."""
        self._saved[scenario].append(path)
        complete = len(self._saved[scenario]) == self._expected[scenario]
        return self._saved.pop(scenario) if complete else []

    def discard(self, scenario: str) -> bool:
        """Forget a scenario that is skipped, and return whether it was pending."""
        return self._saved.pop(scenario, None) is not None

    def incomplete(self) -> list[list[Path]]:
        """Return the shares of each scenario of which some are saved."""
        return [paths for paths in self._saved.values() if paths]
