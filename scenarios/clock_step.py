"""No timeout is early or late when the wall clock of a waiting worker jumps by an hour, forward or back."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"acquire": 4, "round": 4, "clock_forward": 2, "clock_back": 2},
        mode="race",
        months=(1, 1),
        steps=(4, 16),
        faults=4,
    ),
    examples=50,
)
