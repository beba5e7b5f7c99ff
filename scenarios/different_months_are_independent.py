"""Three workers hold three different months at the same time."""

from lock_harness.programs import Month, Scenario, acquire, program

SCENARIO = Scenario(
    program(
        acquire(0, Month(2090, 5), 0),
        acquire(1, Month(2090, 6), 0),
        acquire(2, Month(2090, 7), 0),
    )
)
