"""The server is shut down and started again: in order (`fast`), or as in a crash (`immediate`), after which it recovers.

All its sessions end.  Only ever a server that the arena started for itself.
"""

from lock_harness.actors.pool import SPARES
from lock_harness.execution.arena import Arena
from lock_harness.execution.team import ActorSession
from lock_harness.servers.embedded import Shutdown
from lock_harness.servers.server import Server


class Restart:
    def __init__(self, mode: Shutdown) -> None:
        self._mode = mode

    def unavailable(self, server: Server) -> str | None:
        if server.kind == "embedded":
            return None
        return "only a server that the harness started itself is ever restarted: leave --pg out"

    def inject(self, arena: Arena, _: ActorSession) -> bool:
        assert arena.postmaster is not None
        arena.pool.close()  # what is spare would be found dead when it is needed
        arena.postmaster.restart(self._mode)
        arena.observer.reconnect()
        arena.pool.reserve(SPARES)
        return True

    def heal(self, arena: Arena, target: ActorSession) -> None:
        """The server is back already; the actors open new sessions when their calls fail."""
