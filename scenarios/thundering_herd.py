"""Thirty-two workers want one month at the same time; one after the other gets it."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 1}, mode="race", actors=(32, 32), months=(1, 1), steps=(32, 64)), examples=10
)
