"""The interface of the injectors, each of which implements one kind of fault."""

from abc import ABC, abstractmethod

from lock_harness.execution.arena import Arena
from lock_harness.execution.team import ActorSession
from lock_harness.servers.server import Server


class Injector(ABC):
    """Does one kind of fault to an actor, to its session or to its server."""

    @abstractmethod
    def inject(self, arena: Arena, target: ActorSession) -> bool:
        """Inject the fault, and return whether there was anything to hit.  A session may have no connection just now."""

    def heal(self, arena: Arena, target: ActorSession) -> None:
        """Undo the fault.  Only lasting faults are healed."""
        raise NotImplementedError

    def why_unavailable(self, server: Server) -> str | None:  # noqa: ARG002
        """Return why the fault cannot be injected on this machine or with this server; None if it can."""
        return None
