"""SIGKILL: the process has no chance to tidy up.  The server sees its connection close."""

from lock_harness.execution.arena import Arena
from lock_harness.execution.faults.injector import Victim
from lock_harness.servers.server import Server


class Kill:
    def unavailable(self, _: Server) -> None:
        """Everywhere."""

    def inject(self, _: Arena, victim: Victim) -> bool:
        victim.process.kill()
        return True

    def heal(self, _: Arena, victim: Victim) -> None:
        """Nothing brings a process back; the scheduler puts another in its place."""
