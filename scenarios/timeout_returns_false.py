"""An acquire that does not get its month within 200 ms returns False, and not earlier."""

from lock_harness.programs import Month, Scenario, acquire, program

MONTH = Month(2090, 8)

SCENARIO = Scenario(program(acquire(0, MONTH, 5000), acquire(1, MONTH, 200)))
