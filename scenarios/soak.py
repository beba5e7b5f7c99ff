"""Sixty-four workers on twelve months, round after round: many operations in one example, and `--for 10m` makes millions."""

from lock_harness.programs import Bounds, Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"round": 10, "hold": 1, "is_locked": 1},
        mode="race",
        actors=(64, 64),
        months=(12, 12),
        steps=(192, 256),
        rounds=(10, 60),
    ),
    examples=2,
    on_request=True,
    # where so many share few cores, late says nothing about the lock
    bounds=Bounds(late_ms=3000, handover_ms=3000),
)
