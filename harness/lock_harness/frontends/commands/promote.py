"""The command `promote`."""

from lock_harness.frontends import parameters
from lock_harness.frontends.terminal import console


def promote(path: parameters.SavedRun, name: parameters.NewScenario) -> int:
    """Write the scenario file scenarios/NAME.py, which runs the program of a saved run."""
    from lock_harness.frontends.promote import write_scenario
    from lock_harness.frontends.reports import load

    written = write_scenario(load(path), name, path)
    console.print(f"wrote {written}; run it with: lock-harness run {name}", soft_wrap=True)
    return 0
