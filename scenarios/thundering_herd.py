"""Thirty-two workers ask for one month at the same time, and get it one after another."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 1}, mode="race", actors=(32, 32), months=(1, 1), steps=(32, 64)), examples=10
)
