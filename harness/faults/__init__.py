"""What can be done to an actor or to its server, one to a file."""

from collections.abc import Iterable

from harness.actors.wall_clock import HOUR_S
from harness.faults.cancel import Cancel
from harness.faults.clock import Clock
from harness.faults.injector import Injector
from harness.faults.kill import Kill
from harness.faults.pause import Pause
from harness.faults.terminate import Terminate
from harness.model import FaultKind
from harness.servers.server import Server

FAULTS: dict[FaultKind, Injector] = {
    "kill": Kill(),
    "pause": Pause(),
    "terminate": Terminate(),
    "cancel": Cancel(),
    "clock_forward": Clock(HOUR_S),
    "clock_back": Clock(-HOUR_S),
}


def unavailable(kinds: Iterable[FaultKind], server: Server) -> str | None:
    """Why one of these faults cannot be had with this server; None if all can."""
    reasons = ((kind, FAULTS[kind].unavailable(server)) for kind in sorted(kinds))
    return next((f"{kind}: {why}" for kind, why in reasons if why), None)
