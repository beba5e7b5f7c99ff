"""SIGKILL: the process has no chance to tidy up.  The server sees its connection close."""

from harness.actors.pool import ActorProcess
from harness.arena import Arena


class Kill:
    def inject(self, _: Arena, victim: ActorProcess) -> None:
        victim.kill()

    def heal(self, _: Arena, victim: ActorProcess) -> None:
        """Nothing brings a process back; the scheduler puts another in its place."""
