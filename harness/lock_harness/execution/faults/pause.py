"""SIGSTOP and, to heal, SIGCONT: a worker that stands still, as in a long garbage collection or a frozen machine.

Its connection stays open and its session keeps what it holds.
"""

import signal

from lock_harness.execution.arena import Arena
from lock_harness.execution.faults.injector import Victim
from lock_harness.servers.server import Server


class Pause:
    def unavailable(self, _: Server) -> None:
        """Everywhere."""

    def inject(self, _: Arena, victim: Victim) -> bool:
        victim.process.signal(signal.SIGSTOP)
        return True

    def heal(self, _: Arena, victim: Victim) -> None:
        victim.process.signal(signal.SIGCONT)
