"""No update of a counter under the lock is lost, even when workers die or are stopped."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 10, "crash": 1, "pause": 1}, mode="race", actors=(4, 8), months=(1, 1), steps=(8, 32))
)
