"""The server cancels the statement that a session runs, as an administrator does.  The session itself lives on.

Only ever a session of the harness's own.
"""

from lock_harness.execution.arena import Arena
from lock_harness.execution.team import ActorSession
from lock_harness.servers.server import Server


class Cancel:
    def unavailable(self, _: Server) -> None:
        """Everywhere."""

    def inject(self, arena: Arena, target: ActorSession) -> bool:
        return arena.observer.cancel(target.name)

    def heal(self, arena: Arena, target: ActorSession) -> None:
        """Nothing to undo."""
