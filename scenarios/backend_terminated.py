"""When the server ends a session, its months are free at once and its worker continues with a new session.

Until a worker notices, it believes that it still holds the month; no lock on sessions can prevent that.  So the belief
is not a violation of mutual exclusion, and nothing is counted under the lock here.  The report says how long it lasted.
A client that is asked whether it holds the month must know better.
"""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"acquire": 5, "release": 3, "hold": 2, "believes": 2, "terminate": 2},
        mode="race",
        steps=(6, 24),
        faults=4,
    ),
    examples=100,
)
