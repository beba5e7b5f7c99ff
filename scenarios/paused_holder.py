"""No other worker gets a month while its holder is stopped by SIGSTOP."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 6, "acquire": 1, "pause": 2}, mode="race", months=(1, 2), steps=(4, 16), faults=3),
    examples=100,
)
