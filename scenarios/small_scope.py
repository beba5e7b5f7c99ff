"""Every program of a few steps of two workers with one month, in order of size.

The programs have up to 3 steps; with `--for` up to 4, as far as the time allows.
"""

from lock_harness.programs import AllPrograms, Scenario

SCENARIO = Scenario(
    AllPrograms(
        {"acquire", "wait", "release", "hold", "is_locked", "reopen", "crash", "terminate"},
        steps=4,
    )
)
