"""What the faults have in common."""

from typing import Protocol

from lock_harness.execution.arena import Arena
from lock_harness.execution.team import ActorSession
from lock_harness.servers.server import Server


class Injector(Protocol):
    """Does one kind of fault to an actor, and undoes it where it does not end by itself.

    `unavailable`: why it cannot be done here, in a few words; None if it can.  `inject`: whether there was
    anything to strike; a session may be between two connections.
    """

    def unavailable(self, server: Server) -> str | None: ...
    def inject(self, arena: Arena, target: ActorSession) -> bool: ...
    def heal(self, arena: Arena, target: ActorSession) -> None: ...
