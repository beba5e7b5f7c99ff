"""Through PgBouncer in transaction mode session locks break, since each statement may run in another backend.

This is expected of every lock on sessions, and `lock-harness doctor` detects such an address.  If this scenario reports
that a lock was not caught, that lock does not depend on a session.
"""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"acquire": 5, "release": 4}, months=(1, 2), steps=(2, 12), pooler="transaction"),
    expects="honest_results",
)
