"""Workers at the gate are killed, disconnected or terminated before a statement, after it or during its reply."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {
            "round": 6,
            "acquire": 3,
            "release": 2,
            "hold": 2,
            "reopen": 1,
            "crash": 2,
            "reset": 3,
            "terminate": 2,
        },
        mode="gate",
        actors=(2, 3),
        steps=(2, 8),
    )
)
