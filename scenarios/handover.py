"""Workers wait for a month that is held, and each release lets exactly one of them have it."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"acquire": 2, "wait": 6, "release": 4}, actors=(3, 5), months=(1, 2), steps=(3, 14)),
    examples=150,
)
