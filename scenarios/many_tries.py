"""A month is refused to a worker two dozen times and then granted, and a worker holds two dozen months at once.

A client with a pool of connections goes wrong here if a refused acquire keeps its connection, or if each month needs one.
"""

from lock_harness.programs import Month, Scenario, acquire, program, release

TRIES = 24
MONTHS = [Month(year, month) for year in (2090, 2091) for month in range(1, 13)]
JAN = MONTHS[0]

SCENARIO = Scenario(
    program(
        acquire(0, JAN, 0),
        *[acquire(1, JAN, 0)] * TRIES,
        release(0, JAN),
        acquire(1, JAN, 0),
        release(1, JAN),
        *[acquire(0, month, 0) for month in MONTHS],
        *[acquire(1, month, 0) for month in reversed(MONTHS[-2:])],
        *[release(0, month) for month in reversed(MONTHS)],
        *[acquire(1, month, 0) for month in MONTHS],
    )
)
