"""When the body of with_month_lock raises, the error comes out unchanged and the month is free again."""

from lock_harness.programs import Month, Scenario, acquire, hold, program

MONTH = Month(2090, 4)

SCENARIO = Scenario(program(hold(0, MONTH, 5000, raises=True), acquire(1, MONTH, 0)))
