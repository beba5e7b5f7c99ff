"""SIGKILL: the process has no chance to tidy up.  The server sees its connection close."""

from lock_harness.execution.arena import Arena
from lock_harness.execution.team import ActorSession
from lock_harness.servers.server import Server


class Kill:
    def unavailable(self, _: Server) -> None:
        """Everywhere."""

    def inject(self, _: Arena, target: ActorSession) -> bool:
        target.process.kill()
        return True

    def heal(self, _: Arena, target: ActorSession) -> None:
        """Nothing brings a process back; the scheduler puts another in its place."""
