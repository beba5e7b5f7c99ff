"""The list of all advisory locks contains a month while it is held, and not afterwards."""

from lock_harness.programs import Month, Scenario, acquire, list_locks, program, release

MONTH = Month(2090, 10)

SCENARIO = Scenario(program(acquire(0, MONTH, 5000), list_locks(1), release(0, MONTH), list_locks(1)))
