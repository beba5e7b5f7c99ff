"""The months of a worker that is killed by SIGKILL are free soon afterwards, whether it was holding, waiting or idle."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"acquire": 6, "crash": 4, "wait": 2, "release": 1, "reopen": 1}, steps=(2, 12), faults=4)
)
