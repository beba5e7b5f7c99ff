"""The server cancels the statement that a session runs, as an administrator does.  The session continues.

The observer only ever cancels a statement of the harness's own sessions.
"""

from lock_harness.execution.arena import Arena
from lock_harness.execution.faults.injector import Injector
from lock_harness.execution.team import ActorSession


class Cancel(Injector):
    def inject(self, arena: Arena, target: ActorSession) -> bool:
        return arena.observer.cancel(target.name)
