"""When the network of a worker goes silent, the server keeps its months until the connection ends, and then frees them.

No other worker may get such a month before that, however long it takes.  Only keepalives of the server could end the
connection sooner.
"""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"round": 4, "acquire": 4, "half_open": 2}, mode="race", months=(1, 2), steps=(4, 16), faults=3),
    examples=50,
)
