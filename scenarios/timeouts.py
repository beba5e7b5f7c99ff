"""An acquire of a held month returns neither before its timeout nor long after it."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"acquire": 6, "wait": 3, "hold": 2, "release": 1, "inspect": 1},
        months=(1, 2),
        steps=(2, 10),
        taken_ms=(0, 1, 2, 7, 20, 45),
    ),
    examples=100,
)
