"""Defaults of options, which help texts show."""

import os
from pathlib import Path

# the folder for saved runs
REPORTS = Path("reports")

# the folder for the failures that later runs try first
MEMORY = Path(".lock-harness")

# The default seed of a pytest session; pytest-xdist workers inherit this variable, so all of them draw with the same seed.
SEED_VARIABLE = "LOCK_HARNESS_SEED"


def session_seed(given: int | None) -> int:
    """Return the seed of a pytest session: the given one, or that of the environment."""
    return int(os.environ[SEED_VARIABLE]) if given is None else given
