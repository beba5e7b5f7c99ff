"""A reply that arrives after the timeout of its operation.

The gate itself keeps the reply and lets it through later, so the injector has nothing to do.
"""

from lock_harness.execution.arena import Arena
from lock_harness.execution.faults.injector import Injector
from lock_harness.execution.team import ActorSession


class LateReply(Injector):
    def inject(self, _: Arena, __: ActorSession) -> bool:
        return True
