"""Of three workers that ask for one month at the same time, exactly one gets it and the others time out."""

from lock_harness.programs import Month, Scenario, acquire, join, program

MONTH = Month(2090, 1)

SCENARIO = Scenario(
    program(
        acquire(0, MONTH, 150, pending=True),
        acquire(1, MONTH, 150, pending=True),
        acquire(2, MONTH, 150, pending=True),
        join(0),
        join(1),
        join(2),
    )
)
