"""Workers acquire, count and release on few months, all at the same time and as fast as they can."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 8, "acquire": 2, "release": 2, "is_locked": 1, "hold": 1}, mode="race", steps=(4, 24))
)
