"""is_month_locked answers yes while a month is held, and no before and after."""

from lock_harness.programs import Month, Scenario, acquire, is_locked, program, release

MONTH = Month(2090, 9)

SCENARIO = Scenario(
    program(
        is_locked(1, MONTH),
        acquire(0, MONTH, 5000),
        is_locked(1, MONTH),
        release(0, MONTH),
        is_locked(1, MONTH),
    )
)
