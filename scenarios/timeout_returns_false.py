"""Not getting the month in time is the answer False, after no less than the 200 ms that were asked for."""

from lock_harness.programs import Month, Scenario, acquire, program

MONTH = Month(2090, 8)

SCENARIO = Scenario(program(acquire(0, MONTH, 5000), acquire(1, MONTH, 200)))
