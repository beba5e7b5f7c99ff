"""An answer that comes too late.  The gate keeps it and lets it go on in the end, so there is nothing to do here."""

from lock_harness.execution.arena import Arena
from lock_harness.execution.team import ActorSession
from lock_harness.servers.server import Server


class Late:
    def unavailable(self, _: Server) -> None:
        """Everywhere where there is a gate."""

    def inject(self, _: Arena, __: ActorSession) -> bool:
        return True

    def heal(self, _: Arena, __: ActorSession) -> None:
        """It comes by itself."""
