"""Whose turn it is: where every actor stands, as the gate sees it, and who moves next.  No I/O.

After one was let through nobody else moves until it rests again: it stands before the gate, has finished, sleeps
between two tries, or waits in the server for somebody else.  Nor while a fault strikes.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import msgspec

from lock_harness.actors.mailbox import AtGate
from lock_harness.core.history import Move
from lock_harness.core.program import Month
from lock_harness.gate.fault_plan import DueFault, FaultPlan
from lock_harness.gate.pending import HeldConnection, PendingRequest
from lock_harness.gate.schedulers.scheduler import Decision, Scheduler

LOOK_NS = 1_000_000  # between two looks
ASK_NS = 2_000_000  # an answer that takes longer: does the server make it wait?
NAP_NS = 3_000_000  # a client that does nothing for so long sleeps
LATE_NS = 100_000_000  # an answer that is late comes so long after the timeout
LONG_SLEEP_NS = 200_000_000  # it was picked but goes on sleeping: somebody else moves


class World(Protocol):
    """What must be looked at outside."""

    def now_ns(self) -> int: ...
    def blocked(self, actors: Iterable[int]) -> set[int]:
        """Those of `actors` whom another session makes wait in the server."""
        ...

    def is_actor_running(self, actor: int) -> bool:
        """Whether its process computes."""
        ...

    def call_later(self, delay_ns: int, call: Callable[[], None]) -> None:
        """Call back after so long."""
        ...

    def inject(self, number: int) -> None:
        """Have this fault of the program strike; whoever does it calls `on_injected` when it is done."""
        ...


@dataclass
class TrackedActor:
    """One actor as the gate sees it."""

    fault_plan: FaultPlan
    pending: deque[PendingRequest] = field(default_factory=deque)
    step: int = 0
    last_text: str | None = None  # last, in this step
    timeout_ns: int = 0
    due_ns: int = 0  # then the timeout of its step is over
    month: Month | None = None
    replies_owed: int = 0  # answers of the server
    came: bool = False  # has been at the gate before
    finished: bool = False
    blocked: bool = False  # in the server, for somebody else
    polling: bool = False
    opens_step: bool = False  # was let take a step, and its first message goes with it
    awaited_fault: DueFault | None = None  # strikes as soon as the server has done what it was asked
    injecting: DueFault | None = None  # strikes now
    idle_once: bool = (
        False  # did nothing when we looked; if nothing has come of it by the next look, it sleeps
    )
    last_activity_ns: int = 0

    @property
    def is_polling(self) -> bool:
        """Whether it sleeps between two tries, or has slept and says the same again: on a slow machine that is chance."""
        return self.polling or (
            self.last_text is not None and bool(self.pending) and self.pending[0].text == self.last_text
        )

    @property
    def rests(self) -> bool:
        at_gate = self.finished or bool(self.pending)
        return not self.injecting and (self.blocked or self.polling or (at_gate and not self.replies_owed))


class SchedulerCore:
    """Takes turns among actors, for each of whom there are `fault_plans`, as `scheduler` says.

    `moves` is what was let through, in order.
    """

    def __init__(self, fault_plans: Iterable[FaultPlan], scheduler: Scheduler, world: World) -> None:
        self._actors = [TrackedActor(one) for one in fault_plans]
        self._scheduler = scheduler
        self._world = world
        self._last = 0
        self._picked: int | None = None  # a sleeper whose turn it is as soon as it wakes
        self._closed = False
        self.moves: list[Move] = []
        self._world.call_later(LOOK_NS, self.look)

    # What happens

    def on_step(self, step: AtGate, let_through: Callable[[], None]) -> None:
        """An actor stands before a step of its own."""
        tracked = self._actors[step.actor]
        tracked.step, tracked.month, tracked.opens_step, tracked.last_text = (
            step.number,
            step.month,
            False,
            None,
        )
        tracked.timeout_ns = step.timeout_ms * 1_000_000
        tracked.fault_plan.at_step(step.number)
        self._hold(step.actor, PendingRequest(None, let_through))

    def on_request(self, actor: int, request: PendingRequest) -> None:
        """An actor says something to the server.  The first message of a step goes with the step."""
        tracked = self._actors[actor]
        if self._closed or not tracked.came:
            request.let_through()
        elif request.only_prepares and all(
            one.connection is not request.connection for one in tracked.pending
        ):
            self._forward(actor, request)
        elif tracked.opens_step:
            tracked.opens_step = False
            said = msgspec.structs.replace(
                self.moves[-1], at_ns=self._world.now_ns(), text=request.text or ""
            )
            self.moves[-1] = said
            self._forward(actor, request)
        else:
            self._hold(actor, request)

    def on_reply(self, actor: int, replies: int = 1) -> None:
        """The server has answered."""
        tracked = self._actors[actor]
        tracked.replies_owed = max(0, tracked.replies_owed - replies)
        tracked.blocked = tracked.idle_once = False
        tracked.last_activity_ns = self._world.now_ns()
        if tracked.awaited_fault and not tracked.replies_owed:
            self._inject(tracked, tracked.awaited_fault)
        self._settle()

    def on_finish(self, actor: int) -> None:
        """An actor has taken all its steps."""
        tracked = self._actors[actor]
        tracked.finished, tracked.polling = True, False
        if self._picked == actor:
            self._picked = None
        self._settle()

    def on_injected(self, actor: int) -> None:
        """The fault has struck."""
        tracked, now = self._actors[actor], self._world.now_ns()
        fault, tracked.injecting, tracked.last_activity_ns = tracked.injecting, None, now
        assert fault is not None
        match fault.fault.kind, fault.fault.point:
            case "kill", _:
                _forget(tracked.pending)  # what it had said to another connection before it died
                self._actors[actor] = TrackedActor(tracked.fault_plan, last_activity_ns=now)
            case "terminate", "before":
                tracked.replies_owed += 1
                fault.request.let_through()
            case "terminate", _:
                tracked.replies_owed += 1
                fault.connection.await_end()
            case "late", _:
                tracked.replies_owed += 1
                late = partial(self._answer_late, actor, fault.connection)
                self._world.call_later(max(0, tracked.due_ns + LATE_NS - now), late)

    def _answer_late(self, actor: int, connection: HeldConnection) -> None:
        connection.pass_on()
        self.on_reply(actor)

    @property
    def hit_connection(self) -> HeldConnection | None:
        """The connection that a fault strikes just now."""
        return next((tracked.injecting.connection for tracked in self._actors if tracked.injecting), None)

    def close(self) -> None:
        """Let everything through from now on."""
        self._closed = True
        for tracked in self._actors:
            for due in (tracked.awaited_fault, tracked.injecting):
                if due:
                    due.connection.pass_on()
            while tracked.pending:
                tracked.pending.popleft().let_through()

    def look(self) -> None:
        """Time has passed: whoever does not rest may wait in the server, or sleep."""
        if self._closed:
            return
        now = self._world.now_ns()
        last_activity_ns = max((tracked.last_activity_ns for tracked in self._actors), default=0)
        if now - last_activity_ns < ASK_NS:  # somebody moves
            self._world.call_later(last_activity_ns + ASK_NS - now, self.look)
            return
        owing = [
            actor
            for actor, tracked in enumerate(self._actors)
            if tracked.replies_owed and not tracked.blocked
        ]
        for actor in self._world.blocked(owing) if owing else ():
            tracked = self._actors[actor]
            tracked.blocked = True
            if tracked.awaited_fault:
                self._inject(tracked, tracked.awaited_fault)
        for actor, tracked in enumerate(self._actors):
            quiet = (
                tracked.came
                and not (tracked.replies_owed or tracked.injecting)
                and now - tracked.last_activity_ns >= NAP_NS
            )
            still = quiet and not tracked.rests and not self._world.is_actor_running(actor)
            tracked.polling = tracked.polling or (still and tracked.idle_once)
            tracked.idle_once = still
        if self._picked is not None and now - self._actors[self._picked].last_activity_ns > LONG_SLEEP_NS:
            self._picked = None
            self._settle(all_awake=True)
        else:
            self._settle()
        self._world.call_later(LOOK_NS, self.look)

    # Who moves next

    def _hold(self, actor: int, request: PendingRequest) -> None:
        if self._closed:
            request.let_through()
            return
        tracked = self._actors[actor]
        tracked.came = True
        tracked.pending.append(request)
        if self._picked == actor:
            self._picked = None
            self._move(actor, self._enabled)
        else:
            self._settle()

    def _settle(self, all_awake: bool = False) -> None:
        """Once everybody rests, somebody moves."""
        if self._closed or self._picked is not None or not all(tracked.rests for tracked in self._actors):
            return
        if not self._unblock():
            self._decide(all_awake)

    def _unblock(self) -> bool:
        """Whether the server has let somebody go on who waited for another session."""
        waiting = [actor for actor, tracked in enumerate(self._actors) if tracked.blocked]
        free = set(waiting) - self._world.blocked(waiting) if waiting else set()
        for actor in free:
            self._actors[actor].blocked = False
        return bool(free)

    def _decide(self, all_awake: bool) -> None:
        actors = self._actors
        ready: list[int] = []
        polling: list[int] = []
        for actor, tracked in enumerate(actors):
            if tracked.is_polling:
                if tracked.pending or not all_awake:
                    polling.append(actor)
            elif tracked.pending and not tracked.blocked:
                ready.insert(0 if actor == self._last else len(ready), actor)
        if not ready and not polling:
            return
        steps = [tracked.step for tracked in actors]
        decision = Decision(tuple(ready), tuple(polling), self.moves, steps)
        actor = self._scheduler.choose(decision)
        self._enabled = decision.enabled
        if actors[actor].pending:
            self._move(actor, self._enabled)
        else:
            self._picked = actor
            actors[actor].last_activity_ns = self._world.now_ns()

    def _move(self, actor: int, enabled: tuple[int, ...]) -> None:
        tracked = self._actors[actor]
        request = tracked.pending.popleft()
        tracked.polling = False
        tracked.opens_step = request.text is None
        self._last = actor
        now = self._world.now_ns()
        self.moves.append(Move(now, actor, tracked.step, request.text or "", enabled, tracked.month))
        self._forward(actor, request)

    def _forward(self, actor: int, request: PendingRequest) -> None:
        tracked = self._actors[actor]
        tracked.idle_once = False
        tracked.last_activity_ns = self._world.now_ns()
        tracked.last_text = tracked.last_text if request.only_prepares else request.text
        if request.text is None:
            tracked.due_ns = tracked.last_activity_ns + tracked.timeout_ns
        elif due := None if request.only_prepares else tracked.fault_plan.at_message(request):
            if due.fault.point == "before":
                self._inject(tracked, due)
                return
            tracked.awaited_fault = due
            due.connection.hold_back()
        tracked.replies_owed += request.text is not None
        request.let_through()

    def _inject(self, tracked: TrackedActor, due: DueFault) -> None:
        """Let a fault strike: whoever is killed, or whose connection breaks, says no more of what waits here."""
        tracked.awaited_fault, tracked.injecting = None, due
        if due.fault.point == "half":
            due.connection.pass_on(half=True)
        if due.fault.kind == "reset":
            tracked.pending = deque(one for one in tracked.pending if one.connection is not due.connection)
        elif due.fault.traits.ends_process:
            _forget((due.request, *tracked.pending))
            tracked.pending.clear()
        self._world.inject(due.number)


def _forget(requests: Iterable[PendingRequest]) -> None:
    """Whoever is dead never said that."""
    for one in requests:
        if one.connection:
            one.connection.forget()
