"""The server is shut down in order (`fast`), or as in a crash (`immediate`), and started again.

All its sessions end, and the actors open others when their calls fail.  Only a server that the arena started for itself
is ever restarted.
"""

from lock_harness.actors.pool import SPARES
from lock_harness.execution.arena import Arena
from lock_harness.execution.faults.injector import Injector
from lock_harness.execution.team import ActorSession
from lock_harness.servers.embedded import Shutdown
from lock_harness.servers.server import Server


class Restart(Injector):
    def __init__(self, mode: Shutdown) -> None:
        self._mode = mode

    def inject(self, arena: Arena, _: ActorSession) -> bool:
        assert arena.postmaster is not None
        # a restart ends the sessions of the spares, too
        arena.pool.close()
        arena.postmaster.restart(self._mode)
        arena.observer.reconnect()
        arena.pool.reserve(SPARES)
        return True

    def why_unavailable(self, server: Server) -> str | None:
        if server.kind == "embedded":
            return None
        return "only a server that the harness started itself is ever restarted: leave out --pg (--lock-pg in pytest)"
