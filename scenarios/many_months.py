"""Workers use several months that a lock with a wrong key confuses, such as the same month of two years."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"acquire": 8, "release": 4, "is_locked": 3, "list": 2},
        months=(3, 4),
        steps=(4, 20),
        taken_ms=(0, 0, 0, 1),
    )
)
