"""The month of a worker is free again after a kill, reset or termination at any message that the worker sends."""

from lock_harness.programs import CrashPoints, Month, Scenario, acquire, at_gate, hold, release, reopen

JAN = Month(2090, 1)

SCENARIO = Scenario(
    CrashPoints(
        at_gate(
            acquire(0, JAN, 0),
            release(0, JAN),
            hold(0, JAN, 0),
            acquire(0, JAN, 0),
            reopen(0),
            acquire(1, JAN, 0),
            release(1, JAN),
        )
    )
)
