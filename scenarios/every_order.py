"""Two workers acquire and release one month, in every order in which their messages can reach the server."""

from lock_harness.programs import EveryOrder, Month, Scenario, acquire, at_gate, release

JAN = Month(2090, 1)

SCENARIO = Scenario(
    EveryOrder(at_gate(acquire(0, JAN, 0), release(0, JAN), acquire(1, JAN, 0), release(1, JAN)))
)
