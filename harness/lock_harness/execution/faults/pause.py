"""SIGSTOP and, to heal, SIGCONT: a worker that stands still, as in a long garbage collection or a frozen machine.

Its connection stays open and its session keeps what it holds.
"""

import signal

from lock_harness.execution.arena import Arena
from lock_harness.execution.team import ActorSession
from lock_harness.servers.server import Server


class Pause:
    def unavailable(self, _: Server) -> None:
        """Everywhere."""

    def inject(self, _: Arena, target: ActorSession) -> bool:
        target.process.signal(signal.SIGSTOP)
        return True

    def heal(self, _: Arena, target: ActorSession) -> None:
        target.process.signal(signal.SIGCONT)
