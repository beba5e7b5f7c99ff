"""Everybody at once: rounds of acquire, count, release on few months, as fast as they go."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 8, "acquire": 2, "release": 2, "is_locked": 1, "hold": 1}, mode="race", steps=(4, 24))
)
