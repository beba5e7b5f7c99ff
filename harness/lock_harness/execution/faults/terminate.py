"""The server ends the session, as an administrator or a failover does.

The actor notices it at its next call, and opens another session.  The observer only ever ends the harness's own sessions.
"""

from lock_harness.execution.arena import Arena
from lock_harness.execution.faults.injector import Injector
from lock_harness.execution.team import ActorSession


class Terminate(Injector):
    def inject(self, arena: Arena, target: ActorSession) -> bool:
        return arena.observer.terminate(target.name)
