"""Through a pooler that does not reset its backends a dead client's lock lives on, for whoever comes next.

This is expected of every lock on sessions: PgBouncer without its server_reset_query, and poolers like it.
"""

from lock_harness.programs import Bounds, Draw, Scenario

SCENARIO = Scenario(
    Draw({"acquire": 5, "crash": 3}, steps=(2, 10), pooler="unreset"),
    bounds=Bounds(release_ms=400),
    expects="auto_release",
)
