"""What can be done to an actor or to its server, one to a file."""

from typing import get_args

from lock_harness.actors.wall_clock import HOUR_S
from lock_harness.core.fault import FaultKind, NetworkFault
from lock_harness.execution.faults.cancel import Cancel
from lock_harness.execution.faults.clock import Clock
from lock_harness.execution.faults.injector import Injector
from lock_harness.execution.faults.kill import Kill
from lock_harness.execution.faults.late import Late
from lock_harness.execution.faults.network import Network
from lock_harness.execution.faults.pause import Pause
from lock_harness.execution.faults.restart import Restart
from lock_harness.execution.faults.terminate import Terminate
from lock_harness.programs.equipment import Equipment
from lock_harness.servers import address
from lock_harness.servers.pgbouncer import unavailable as no_pgbouncer
from lock_harness.servers.server import Server

INJECTORS: dict[FaultKind, Injector] = {
    "kill": Kill(),
    "pause": Pause(),
    "terminate": Terminate(),
    "cancel": Cancel(),
    "restart_fast": Restart("fast"),
    "restart_immediate": Restart("immediate"),
    **{kind: Network(kind) for kind in get_args(NetworkFault)},
    "late": Late(),
    "clock_forward": Clock(HOUR_S),
    "clock_back": Clock(-HOUR_S),
}


def unavailable(wanted: Equipment, server: Server) -> str | None:
    """Why one of these faults, the pooler or the gate cannot be had with this server; None if all can."""
    if wanted.pooler and (why := no_pgbouncer()):
        return why
    if wanted.gate and (why := address.why_not_through(server.url)):
        return f"a gate cannot stand before it: {why}"
    reasons = ((kind, INJECTORS[kind].unavailable(server)) for kind in sorted(wanted.faults))
    return next((f"{kind}: {why}" for kind, why in reasons if why), None)
