"""with_month_lock runs bodies that succeed, raise or fail in SQL, while other workers hold and release months."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"hold": 5, "sql_error": 3, "acquire": 3, "release": 2, "is_locked": 1, "crash": 1},
        months=(1, 3),
        steps=(2, 14),
    )
)
