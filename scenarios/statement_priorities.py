"""Random priorities order the messages, so each example finds a fault of depth 3 with a known probability."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"round": 4, "acquire": 3, "release": 2, "is_locked": 1},
        mode="gate",
        scheduler="pct",
        actors=(2, 3),
        months=(1, 2),
        steps=(2, 6),
    )
)
