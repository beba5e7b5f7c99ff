"""The server ends the session, as an administrator or a failover does.  The client learns it at its next call.

Only ever a session of the harness's own.
"""

from lock_harness.execution.arena import Arena
from lock_harness.execution.team import ActorSession
from lock_harness.servers.server import Server


class Terminate:
    def unavailable(self, _: Server) -> None:
        """Everywhere."""

    def inject(self, arena: Arena, target: ActorSession) -> bool:
        return arena.observer.terminate(target.name)

    def heal(self, _: Arena, target: ActorSession) -> None:
        """The actor opens another session when a call fails."""
