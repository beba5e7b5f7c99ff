"""What can be done to an actor, one to a file."""

from typing import Protocol

from harness.actors.pool import ActorProcess
from harness.arena import Arena
from harness.faults.kill import Kill
from harness.faults.pause import Pause
from harness.faults.terminate import Terminate
from harness.model import FaultKind


class Injector(Protocol):
    """Does one kind of fault to an actor, and undoes it where it does not end by itself."""

    def inject(self, arena: Arena, victim: ActorProcess) -> None: ...
    def heal(self, arena: Arena, victim: ActorProcess) -> None: ...


FAULTS: dict[FaultKind, Injector] = {"kill": Kill(), "pause": Pause(), "terminate": Terminate()}
