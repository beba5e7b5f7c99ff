"""Through PgBouncer in transaction mode session locks break: each statement may run in another backend.

This is expected of every lock on sessions, and the doctor finds such an endpoint.  A lock that holds here is not
caught, which this scenario reports: it then keeps its promise by other means.
"""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"acquire": 5, "release": 4}, months=(1, 2), steps=(2, 12), pooler="transaction"),
    expects="honest_results",
)
