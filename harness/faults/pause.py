"""SIGSTOP and, to heal, SIGCONT: a worker that stands still, as in a long garbage collection or a frozen machine.

Its connection stays open and its session keeps what it holds.
"""

import signal

from harness.actors.pool import ActorProcess
from harness.arena import Arena


class Pause:
    def inject(self, _: Arena, victim: ActorProcess) -> None:
        victim.signal(signal.SIGSTOP)

    def heal(self, _: Arena, victim: ActorProcess) -> None:
        victim.signal(signal.SIGCONT)
