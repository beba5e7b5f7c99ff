"""A scheduler core with simulated actors: no test waits, and time passes only when the test says so."""

from collections.abc import Callable, Iterable

from lock_harness.actors.mailbox import AtGate
from lock_harness.core.fault import Fault
from lock_harness.gate.fault_plan import FaultPlan, PlannedFault
from lock_harness.gate.pending import PendingRequest
from lock_harness.gate.scheduler_core import (
    SchedulerCore,
)
from lock_harness.gate.schedulers.non_preemptive import NonPreemptiveScheduler
from lock_harness.gate.schedulers.replay import ReplayScheduler


class Line:
    """A connection that records the calls of the core."""

    def __init__(self, world: "Simulated", actor: int) -> None:
        self._world, self._actor = world, actor

    def buffer_replies(self) -> None:
        self._world.went.append((self._actor, "replies buffered"))

    def pass_on(self, half: bool = False) -> None:
        self._world.went.append((self._actor, "half passed on" if half else "passed on"))

    def await_end(self) -> None:
        self._world.went.append((self._actor, "awaits the end"))

    def forget(self) -> None:
        self._world.went.append((self._actor, "forgotten"))


class Simulated:
    """The world of a core: actors that send one request after the other, and a server that replies when the test says so."""

    def __init__(self, actors: int, choices: tuple[int, ...] = (), faults: tuple[Fault, ...] = ()) -> None:
        """Create a core whose program has all of `faults` before the first step."""
        self.now = 0
        self.blocked_actors: set[int] = set()
        self.computing: set[int] = set()
        self.went: list[tuple[int, str]] = []
        self.injected: list[int] = []
        self.later: list[tuple[int, Callable[[], None]]] = []
        planned = [PlannedFault(number, fault) for number, fault in enumerate(faults, -len(faults))]
        plans = [FaultPlan(one for one in planned if one.fault.actor == actor) for actor in range(actors)]
        self.core = SchedulerCore(plans, ReplayScheduler(choices, NonPreemptiveScheduler()), self)

    def now_ns(self) -> int:
        return self.now

    def blocked(self, actors: Iterable[int]) -> set[int]:
        return self.blocked_actors & set(actors)

    def is_actor_running(self, actor: int) -> bool:
        return actor in self.computing

    def call_later(self, delay_ns: int, call: Callable[[], None]) -> None:
        self.later.append((self.now + delay_ns, call))

    def inject(self, number: int) -> None:
        self.injected.append(number)

    def step(self, actor: int, number: int = 0, timeout_ms: int = 0) -> None:
        self.core.on_step(
            AtGate(actor, number, None, timeout_ms), lambda: self.went.append((actor, f"step {number}"))
        )

    def say(self, actor: int, text: str, only_prepares: bool = False) -> None:
        self.core.on_request(
            actor,
            PendingRequest(text, lambda: self.went.append((actor, text)), only_prepares, Line(self, actor)),
        )

    def pass_time(self, by_ns: int) -> None:
        """Let time pass and the core look twice, which it needs to find an actor idle."""
        self.now += by_ns
        self.core.look()
        self.core.look()

    def moves(self) -> list[tuple[int, str, tuple[int, ...]]]:
        return [(one.actor, one.text, one.enabled) for one in self.core.moves]
