"""What the faults have in common."""

from typing import NamedTuple, Protocol

from lock_harness.actors.pool import ActorProcess
from lock_harness.execution.arena import Arena
from lock_harness.servers.server import Server


class Victim(NamedTuple):
    """Whom a fault strikes, and heals: the process and the session that it had when it was struck."""

    actor: int
    incarnation: int
    process: ActorProcess
    session: str


class Injector(Protocol):
    """Does one kind of fault to an actor, and undoes it where it does not end by itself.

    `unavailable`: why it cannot be done here, in a few words; None if it can.  `inject`: whether there was
    anything to strike; a session may be between two connections.
    """

    def unavailable(self, server: Server) -> str | None: ...
    def inject(self, arena: Arena, victim: Victim) -> bool: ...
    def heal(self, arena: Arena, victim: Victim) -> None: ...
