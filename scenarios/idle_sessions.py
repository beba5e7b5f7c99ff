"""The server ends every session that does nothing for a second, also while its client holds a month.

This is expected to break every lock that depends on a session and sends nothing while it is held, and `lock-harness doctor`
detects such a server.  If this scenario reports that a lock was not caught, that lock keeps its session busy, or it does not
depend on a session.
"""

from lock_harness.programs import Draw, Scenario

SCENARIO = Scenario(
    Draw(
        {"long": 1},
        mode="race",
        actors=(2, 2),
        months=(1, 1),
        steps=(1, 2),
        settings={"idle_session_timeout": "1s"},
    ),
    expects="mutual_exclusion",
)
