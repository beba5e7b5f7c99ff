"""Several workers per example are killed by SIGKILL in the middle of their work, and other workers replace them."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 6, "acquire": 2, "crash": 3}, mode="race", actors=(3, 6), steps=(6, 24), faults=6),
    examples=100,
)
