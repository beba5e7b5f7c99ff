"""The injectors, by kind of fault.  One injector per file."""

from typing import get_args

from lock_harness.actors.wall_clock import HOUR_S
from lock_harness.core.fault import FaultKind, NetworkFault
from lock_harness.execution.faults.cancel import Cancel
from lock_harness.execution.faults.clock import ClockJump
from lock_harness.execution.faults.injector import Injector
from lock_harness.execution.faults.kill import Kill
from lock_harness.execution.faults.late import LateReply
from lock_harness.execution.faults.network import BrokenConnection
from lock_harness.execution.faults.pause import Pause
from lock_harness.execution.faults.restart import Restart
from lock_harness.execution.faults.terminate import Terminate
from lock_harness.programs.equipment import Equipment
from lock_harness.servers import pgbouncer
from lock_harness.servers.server import Server

INJECTORS: dict[FaultKind, Injector] = {
    "kill": Kill(),
    "pause": Pause(),
    "terminate": Terminate(),
    "cancel": Cancel(),
    "restart_fast": Restart("fast"),
    "restart_immediate": Restart("immediate"),
    **{kind: BrokenConnection(kind) for kind in get_args(NetworkFault)},
    "late": LateReply(),
    "clock_forward": ClockJump(HOUR_S),
    "clock_back": ClockJump(-HOUR_S),
}


def why_unavailable(wanted: Equipment, server: Server) -> str | None:
    """Return why some of the wanted equipment is unavailable with this server; None if all of it is available."""
    if wanted.settings and not server.ours:
        names = ", ".join(name for name, _ in wanted.settings)
        return f"{names}: settings are changed only on a server that the harness started: leave out --pg (--lock-pg in pytest)"
    if wanted.pooler and (why := pgbouncer.why_unavailable()):
        return why
    if wanted.gate and (why := server.why_unreadable):
        return f"the gate cannot be put before this server: {why}"
    reasons = ((kind, INJECTORS[kind].why_unavailable(server)) for kind in sorted(wanted.faults))
    return next((f"{kind}: {why}" for kind, why in reasons if why), None)
