"""A worker dies at any message that it sends, and then two other workers ask for its month, in every order of their messages.

Code that takes a month over from a dead worker goes wrong here, if two successors can do so at the same time.
"""

from lock_harness.programs import CrashPoints, Month, Scenario, acquire, at_gate, release

JAN = Month(2090, 1)

SCENARIO = Scenario(
    CrashPoints(
        at_gate(acquire(0, JAN, 0), release(0, JAN), acquire(1, JAN, 0), acquire(2, JAN, 0)),
        switches=2,
    )
)
