"""Sixty-four workers use twelve months, round after round; with `--for 10m` they make millions of operations."""

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
    # So many workers on few cores are late for reasons other than the lock.
    bounds=Bounds(late_ms=3000, handover_ms=3000),
)
