"""Holders, waiters and idle workers die by SIGKILL; what they held is free soon afterwards."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"acquire": 6, "crash": 4, "wait": 2, "release": 1, "reopen": 1}, steps=(2, 12), faults=4)
)
