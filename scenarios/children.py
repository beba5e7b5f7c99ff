"""Workers start other programs while they hold, and die: their months are free although the programs live on."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(Draw({"acquire": 5, "release": 1, "spawn": 3, "crash": 3}, steps=(2, 10)), examples=50)
