"""The months of a worker that dies are free although programs that it started keep running."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(Draw({"acquire": 5, "release": 1, "spawn": 3, "crash": 3}, steps=(2, 10)), examples=50)
