"""Divide the work on one scenario among several workers."""

from lock_harness.exploration.search import Plan
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
        return [Plan(None, plan.seconds, seed) for seed in seeds]
    total = plan.examples or scenario.examples
    counts = [total // workers + (number < total % workers) for number in range(workers)]
    return [Plan(count, plan.seconds, seed) for count, seed in zip(counts, seeds, strict=True) if count]
