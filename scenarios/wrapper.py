"""with_month_lock with bodies that succeed and bodies that raise, among workers that hold and release."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"hold": 6, "acquire": 3, "release": 2, "is_locked": 1, "crash": 1}, months=(1, 3), steps=(2, 14))
)
