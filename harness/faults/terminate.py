"""The server ends the session, as an administrator or a failover does.  The client learns it at its next call.

Only ever a session of the harness's own.
"""

from harness.actors.pool import ActorProcess
from harness.arena import Arena


class Terminate:
    def inject(self, arena: Arena, victim: ActorProcess) -> None:
        arena.observer.terminate(victim.session)

    def heal(self, _: Arena, victim: ActorProcess) -> None:
        """The actor opens another session when a call fails."""
