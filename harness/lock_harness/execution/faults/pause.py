"""SIGSTOP and, to heal, SIGCONT: a process that stands still, as in a long garbage collection or on a frozen machine.

Its connection stays open, and its session keeps its locks.
"""

import signal

from lock_harness.execution.arena import Arena
from lock_harness.execution.faults.injector import Injector
from lock_harness.execution.team import ActorSession


class Pause(Injector):
    def inject(self, _: Arena, target: ActorSession) -> bool:
        target.process.signal(signal.SIGSTOP)
        return True

    def heal(self, _: Arena, target: ActorSession) -> None:
        target.process.signal(signal.SIGCONT)
