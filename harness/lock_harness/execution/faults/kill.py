"""SIGKILL: the process cannot clean up.  The server sees its connection close.

`FaultDriver` lets a spare process take the place of the killed one.
"""

from lock_harness.execution.arena import Arena
from lock_harness.execution.faults.injector import Injector
from lock_harness.execution.team import ActorSession


class Kill(Injector):
    def inject(self, _: Arena, target: ActorSession) -> bool:
        target.process.kill()
        return True
