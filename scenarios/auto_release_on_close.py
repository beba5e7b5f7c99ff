"""A connection that is closed without a release frees its month."""

from lock_harness.programs import Month, Scenario, acquire, program, reopen

MONTH = Month(2090, 3)

SCENARIO = Scenario(program(acquire(0, MONTH, 5000), reopen(0), acquire(1, MONTH, 5000)))
