"""Through PgBouncer in session mode a lock works as without it: a client keeps its backend, which is reset afterwards."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"acquire": 6, "release": 4, "is_locked": 1, "reopen": 1, "crash": 2, "terminate": 1},
        steps=(2, 14),
        faults=3,
        pooler="session",
    ),
    examples=50,
)
