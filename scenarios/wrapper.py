"""with_month_lock runs bodies that succeed and bodies that raise, while other workers hold and release months."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw({"hold": 6, "acquire": 3, "release": 2, "is_locked": 1, "crash": 1}, months=(1, 3), steps=(2, 14))
)
