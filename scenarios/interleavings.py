"""Workers acquire, wait, release, run bodies, ask, inspect their sessions, reopen and crash, in any order."""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {
            "acquire": 6,
            "wait": 3,
            "release": 5,
            "hold": 2,
            "sql_error": 1,
            "believes": 1,
            "is_locked": 2,
            "list": 1,
            "inspect": 1,
            "reopen": 1,
            "crash": 1,
        }
    ),
    examples=400,
)
