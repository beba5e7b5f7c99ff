"""Broken connections, by a proxy between the actors and the server; see `lock_harness.wire`."""

from lock_harness.core.fault import NetworkFault
from lock_harness.execution.arena import Arena
from lock_harness.execution.faults.injector import Injector
from lock_harness.execution.team import ActorSession
from lock_harness.servers import address
from lock_harness.servers.server import Server
from lock_harness.wire.network import why_unavailable


class BrokenConnection(Injector):
    def __init__(self, kind: NetworkFault) -> None:
        self._kind = kind

    def inject(self, arena: Arena, target: ActorSession) -> bool:
        assert arena.proxy is not None
        return arena.proxy.inject(target.name, self._kind)

    def heal(self, arena: Arena, target: ActorSession) -> None:
        assert arena.proxy is not None
        arena.proxy.heal(target.name)

    def why_unavailable(self, server: Server) -> str | None:
        return why_unavailable(self._kind) or address.why_not_tcp(server.url) or server.why_unreadable
