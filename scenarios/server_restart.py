"""The server restarts, in order or as after a crash: no lock outlives it, and its workers go on with new sessions."""

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
