"""A worker holds its month for seconds and does nothing meanwhile, and a worker that waits gets the month only afterwards."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"long": 1, "long_body": 1}, mode="race", actors=(4, 4), months=(2, 2), steps=(2, 2)), examples=2
)
