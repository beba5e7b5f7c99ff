"""A worker is killed, cut off or thrown out at every message that it says to the server, and the month comes free."""

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
