"""Faults in a simulation: they hit actors or their sessions, and are logged as the conductor logs them."""

from collections.abc import Sequence

from lock_harness.core.fault import FAULTS, FaultKind
from simulation.actor import SimulatedActor
from simulation.clock import MS, US, Process
from simulation.server import SimulatedSession
from simulation.world import World

KINDS: tuple[FaultKind, ...] = (
    "kill",
    "terminate",
    "reset",
    "cut",
    "cancel",
    "pause",
    "half_open",
    "deaf",
    "mute",
    "restart_immediate",
)
# a pause and a lasting fault are undone after less than this
LONGEST_MS = 60


class FaultInjector:
    """Injects faults into the actors of a simulation."""

    def __init__(self, world: World, actors: Sequence[SimulatedActor]) -> None:
        self._world = world
        self._clock = world.clock
        self._log = world.log
        self._random = world.random
        self._actors = actors

    def inject_once(self, kind: FaultKind) -> Process:
        """Inject a fault of this kind into a random actor at a random time."""
        yield self._clock.draw_ns(8 * MS)
        actor = self._random.choice(self._actors)
        targets = self._actors if FAULTS[kind].whole_server else [actor]
        yield from self._inject(kind, [target for target in targets if target.can_be_hit])

    def kill_repeatedly(self, rate: float, total: int) -> Process:
        """Kill a random actor in a call for `rate` of the operations, until their total is reached."""
        due = self._random.expovariate(rate)
        while self._log.operations < total:
            yield self._clock.draw_ns(MS)
            while self._log.operations >= due:
                due += self._random.expovariate(rate)
                targets = [one for one in self._actors if one.can_be_hit and one.client.waits_for_answer]
                if targets:
                    yield from self._inject("kill", [self._random.choice(targets)])

    def _inject(self, kind: FaultKind, targets: Sequence[SimulatedActor]) -> Process:
        number = self._log.next_number()
        hit = [(target, target.client.session) for target in targets]
        for target, session in hit:
            self._log.write("fault", session.id, number, fault=kind)
            if kind == "kill":
                target.kill()
        yield self._clock.draw_ns(50 * US)
        for target, session in hit:
            self._clock.start(self._take_effect(kind, number, target, session))

    def _take_effect(
        self, kind: FaultKind, number: int, target: SimulatedActor, session: SimulatedSession
    ) -> Process:
        """Apply a fault that was logged to one actor, undo it if it lasts, and end the session."""
        if kind == "cancel":
            session.cancelled = target.client.waits_for_answer
            return
        lasts_ns = self._random.randrange(1, LONGEST_MS) * MS
        if kind == "pause":
            target.pause(lasts_ns)
            yield lasts_ns
            self._log.write("heal", session.id, number, fault=kind)
            return
        session.fault = kind
        if FAULTS[kind].lasting:
            yield lasts_ns
            self._log.write("heal", session.id, number, fault=kind)
            # a connection that may have lost bytes does not come back
            session.fault = "reset"
        yield from self._end(session, number)
        if kind == "kill":
            target.client.connect_again()
            target.start()

    def _end(self, session: SimulatedSession, number: int) -> Process:
        notice_ns = self._world.timing.notice_ns
        yield self._clock.draw_ns(notice_ns)
        self._world.server.end(session)
        yield self._clock.draw_ns(notice_ns)
        self._log.write("gone", session.id, number)
