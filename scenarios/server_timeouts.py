"""The server ends what takes long: statements, waits for a lock, and sessions that idle in an open transaction.

Production servers often have such settings.  A lock that tries again and again needs nothing more.  A lock that waits in
the server must continue to wait after the errors 57014 and 55P03, or switch the timeouts off for its session.  A lock that
keeps a transaction open while it is held must switch off `idle_in_transaction_session_timeout`.
"""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"long": 1, "long_body": 1},
        mode="race",
        actors=(8, 8),
        months=(4, 4),
        steps=(4, 4),
        settings={
            "statement_timeout": "1s",
            "lock_timeout": "900ms",
            "idle_in_transaction_session_timeout": "800ms",
        },
    ),
    examples=2,
)
