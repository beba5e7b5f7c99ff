"""Through a pooler that does not reset its backends, the lock of a dead client passes to the next client.

This is expected of every lock on sessions, with PgBouncer without its server_reset_query and poolers like it.
"""

from lock_harness.programs import Bounds, Draw, Scenario

SCENARIO = Scenario(
    Draw({"acquire": 5, "crash": 3}, steps=(2, 10), pooler="unreset"),
    bounds=Bounds(release_ms=400),
    expects="auto_release",
)
