"""A number in a file that nothing but the lock protects: no update is lost, also when workers die or stand still."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 10, "crash": 1, "pause": 1}, mode="race", actors=(4, 8), months=(1, 1), steps=(8, 32))
)
