"""Defaults of options, which help texts show."""

from pathlib import Path

# the folder for saved runs
REPORTS = Path("reports")

# The default seed of a pytest session; pytest-xdist workers inherit this variable, so all of them draw with the same seed.
SEED_VARIABLE = "LOCK_HARNESS_SEED"
