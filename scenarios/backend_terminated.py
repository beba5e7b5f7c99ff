"""The server ends sessions: what they held is free at once, and their workers go on with new ones.

Until a worker notices, it believes that it still holds the month: no lock of this kind can prevent that.
So nothing is counted here, and the belief is no violation of exclusion; how long it lasts is reported.
"""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"acquire": 5, "release": 3, "hold": 2, "terminate": 2}, mode="race", steps=(6, 24), faults=4),
    examples=100,
)
