"""A held month is refused, and after its release the next worker gets it, whether it asks then or is already waiting."""

from lock_harness.programs import Month, Scenario, acquire, join, program, release

MONTH = Month(2090, 2)

SCENARIO = Scenario(
    program(
        acquire(0, MONTH, 5000),
        acquire(1, MONTH, 100),
        acquire(1, MONTH, 5000, pending=True),
        release(0, MONTH),
        join(1),
        release(1, MONTH),
    )
)
