"""A worker's network goes silent: the server keeps its months until it learns of it, and then lets go of them.

Nobody else gets in meanwhile, however long it takes; only the server's keepalives could end it sooner.
"""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 4, "acquire": 4, "half_open": 2}, mode="race", months=(1, 2), steps=(4, 16), faults=3),
    examples=50,
)
