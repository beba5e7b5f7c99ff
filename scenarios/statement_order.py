"""The messages of several workers reach the server in a drawn order."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 6, "acquire": 3, "release": 3, "is_locked": 1, "hold": 1}, mode="gate", actors=(2, 4))
)
