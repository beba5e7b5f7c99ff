"""Actors that are threads of one process share one session of the lock, and exclude each other as processes do.

Only for a lock that says that it is thread-safe: it has the attribute `thread_safe = True`.
"""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"round": 8, "hold": 2, "acquire": 1},
        mode="race",
        actors=(2, 4),
        months=(1, 2),
        steps=(4, 24),
        threads=2,
    ),
    examples=100,
)
