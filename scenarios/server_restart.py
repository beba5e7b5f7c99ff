"""No lock survives a restart or crash of the server, and the workers continue with new sessions."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"round": 5, "acquire": 3, "restart_fast": 1, "restart_immediate": 1},
        mode="race",
        steps=(4, 16),
        faults=1,
    ),
    examples=10,
)
