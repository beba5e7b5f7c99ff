"""Connections are reset or closed, or become deaf, mute or slow; only the months of the sessions that end become free."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {
            "round": 6,
            "acquire": 3,
            "hold": 1,
            "believes": 1,
            "reset": 2,
            "cut": 2,
            "deaf": 1,
            "mute": 1,
            "slow": 1,
        },
        mode="race",
        steps=(4, 20),
        faults=4,
    ),
    examples=100,
)
