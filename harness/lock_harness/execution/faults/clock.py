"""The wall clock of one actor jumps, as after a correction by hand; see `lock_harness.actors.wall_clock`."""

from lock_harness.actors.wall_clock import clock_file, library, step
from lock_harness.execution.arena import Arena
from lock_harness.execution.faults.injector import Injector
from lock_harness.execution.team import ActorSession
from lock_harness.servers.server import Server


class ClockJump(Injector):
    def __init__(self, by_s: int) -> None:
        self._by_s = by_s

    def inject(self, arena: Arena, target: ActorSession) -> bool:
        step(clock_file(arena.pool.directory, target.process.name), self._by_s)
        return True

    def heal(self, arena: Arena, target: ActorSession) -> None:
        step(clock_file(arena.pool.directory, target.process.name), 0)

    def why_unavailable(self, _: Server) -> str | None:
        if library() is not None:
            return None
        return "there is no libfaketime that leaves the monotonic clock alone: pip install libfaketime"
