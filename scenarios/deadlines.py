"""A month becomes free at the very moment when the timeout of a waiting worker ends: within a millisecond of it."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"deadline": 1}, mode="race", actors=(4, 6), months=(2, 4), steps=(24, 48), faults=2), examples=10
)
