"""The scheduler core: it tracks every actor, and lets one move at a time.  No I/O.

After a move no other actor moves until all actors are at rest: each waits at the gate, has finished, sleeps between
two tries, or is blocked in the server by another session.  No actor moves while a fault is being injected.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import msgspec

from lock_harness.actors.mailbox import AtGate
from lock_harness.core.history import Move
from lock_harness.gate.fault_plan import DueFault, FaultPlan
from lock_harness.gate.pending import PendingRequest, RequestConnection
from lock_harness.gate.schedulers.scheduler import Decision, Scheduler
from lock_harness.gate.states import ActorEvent, ActorState, ServerEvent, ServerState
from lock_harness.gate.tracked_actor import TrackedActor

# The core looks for blocked and idle actors at this interval.
SCAN_INTERVAL_NS = 1_000_000
# If no actor has been active for this long, the core asks the server which actors are blocked.
BLOCK_CHECK_AFTER_NS = 2_000_000
# An actor is idle if it has done nothing for this long.
IDLE_AFTER_NS = 3_000_000
# The fault `late` delays a reply until this long after the timeout of its operation.
LATE_REPLY_DELAY_NS = 100_000_000
# If a polling actor was chosen and does not wake up for this long, another actor is chosen.
MAX_POLLING_WAIT_NS = 200_000_000


class CoreHost(Protocol):
    """The process in which a core runs: its clock and timers, the server, and the conductor, which injects faults."""

    def now_ns(self) -> int: ...
    def blocked(self, actors: Iterable[int]) -> set[int]:
        """Return those of `actors` that another session blocks in the server."""
        ...

    def is_actor_running(self, actor: int) -> bool:
        """Return whether a process of the actor computes."""
        ...

    def call_later(self, delay_ns: int, call: Callable[[], None]) -> None:
        """Call `call` after `delay_ns`."""
        ...

    def inject(self, number: int) -> None:
        """Begin to inject fault `number` of the program.  `on_injected` must be called when that is done."""
        ...


class SchedulerCore:
    """Lets the requests of actors through one at a time, in the order that `scheduler` chooses.

    There is one fault plan for each actor.  `moves` has the moves so far, in order.
    """

    def __init__(self, fault_plans: Iterable[FaultPlan], scheduler: Scheduler, host: CoreHost) -> None:
        self._actors = [TrackedActor(plan) for plan in fault_plans]
        self._scheduler = scheduler
        self._host = host
        self._last = 0
        # The polling actor that was chosen while it slept.  It moves as soon as it comes to the gate.
        self._awaited_actor: int | None = None
        # The actors that could move at the last decision.
        self._enabled: tuple[int, ...] = ()
        self._closed = False
        self.moves: list[Move] = []
        self._host.call_later(SCAN_INTERVAL_NS, self.look)

    # Events

    def on_step(self, step: AtGate, let_through: Callable[[], None]) -> None:
        """An actor asks to take a step."""
        if self._closed:
            let_through()
            return
        tracked = self._actors[step.actor]
        tracked.apply(ActorEvent.STEP)
        tracked.step, tracked.month = step.number, step.month
        tracked.timeout_ns = step.timeout_ms * 1_000_000
        tracked.awaits_first_request, tracked.last_text = False, None
        tracked.fault_plan.at_step(step.number)
        self._enqueue(step.actor, PendingRequest(None, let_through))

    def on_request(self, actor: int, request: PendingRequest) -> None:
        """An actor sends a request to the server.  The first request of a step is part of the step's move."""
        tracked = self._actors[actor]
        tracked.apply(ActorEvent.REQUEST)
        if self._closed or not tracked.has_registered:
            request.let_through()
        elif request.only_prepares and all(
            one.connection is not request.connection for one in tracked.pending
        ):
            self._forward(actor, request)
        elif tracked.awaits_first_request:
            tracked.awaits_first_request = False
            now, text = self._host.now_ns(), request.text or ""
            self.moves[-1] = msgspec.structs.replace(self.moves[-1], at_ns=now, text=text)
            self._forward(actor, request)
        else:
            self._enqueue(actor, request)

    def on_reply(self, actor: int, error: str | None = None) -> None:
        """The server has replied to an actor, or has ended its session, after the `error`, if there was one."""
        tracked = self._actors[actor]
        if error and tracked.last_move is not None and not self._closed:
            place = tracked.last_move
            self.moves[place] = msgspec.structs.replace(self.moves[place], error=error)
        tracked.count_reply()
        tracked.last_activity_ns = self._host.now_ns()
        if tracked.awaited_fault and tracked.server is ServerState.READY:
            self._inject(tracked, tracked.awaited_fault)
        self._decide_if_at_rest()

    def on_finish(self, actor: int) -> None:
        """An actor has taken all its steps."""
        self._actors[actor].apply(ActorEvent.FINISH)
        if self._awaited_actor == actor:
            self._awaited_actor = None
        self._decide_if_at_rest()

    def on_injected(self, actor: int) -> None:
        """The fault has been injected."""
        tracked, now = self._actors[actor], self._host.now_ns()
        due, tracked.injecting, tracked.last_activity_ns = tracked.injecting, None, now
        assert due is not None
        match due.fault.kind, due.fault.point:
            case "kill", _:
                # The process may have sent requests on other connections before it died.
                _forget(tracked.pending)
                tracked.apply(ActorEvent.REPLACE)
                self._actors[actor] = TrackedActor(tracked.fault_plan, tracked.state, last_activity_ns=now)
            case "terminate", "before":
                tracked.expect_reply()
                due.request.let_through()
            case "terminate", _:
                tracked.expect_reply()
                due.connection.await_end()
            case "late", _:
                tracked.expect_reply()
                late = partial(self._reply_late, actor, due.connection)
                self._host.call_later(max(0, tracked.deadline_ns + LATE_REPLY_DELAY_NS - now), late)

    def _reply_late(self, actor: int, connection: RequestConnection) -> None:
        connection.pass_on()
        self.on_reply(actor)

    @property
    def hit_connection(self) -> RequestConnection | None:
        """The connection that is hit by the fault that is being injected."""
        return next((tracked.injecting.connection for tracked in self._actors if tracked.injecting), None)

    def close(self) -> None:
        """Let every request through from now on."""
        self._closed = True
        for tracked in self._actors:
            for due in (tracked.awaited_fault, tracked.injecting):
                if due:
                    due.connection.pass_on()
            if (
                (due := tracked.injecting)
                and due.fault.point == "before"
                and not due.fault.traits.ends_process
            ):
                # The conductor may have stopped to listen before it could inject the fault.
                due.request.let_through()
            while tracked.pending:
                tracked.pending.popleft().let_through()

    # Time

    def look(self) -> None:
        """Find out which of the actors that are not at rest are blocked in the server, or sleep."""
        if self._closed:
            return
        now = self._host.now_ns()
        last_activity_ns = max((tracked.last_activity_ns for tracked in self._actors), default=0)
        if now - last_activity_ns < BLOCK_CHECK_AFTER_NS:
            self._host.call_later(last_activity_ns + BLOCK_CHECK_AFTER_NS - now, self.look)
            return
        self._look_for_blocked()
        self._look_for_idle(now)
        if (
            self._awaited_actor is not None
            and now - self._actors[self._awaited_actor].last_activity_ns > MAX_POLLING_WAIT_NS
        ):
            self._awaited_actor = None
            self._decide_if_at_rest(exclude_sleeping=True)
        else:
            self._decide_if_at_rest()
        self._host.call_later(SCAN_INTERVAL_NS, self.look)

    def _look_for_blocked(self) -> None:
        replying = [
            actor for actor, tracked in enumerate(self._actors) if tracked.server is ServerState.REPLYING
        ]
        for actor in self._host.blocked(replying) if replying else ():
            tracked = self._actors[actor]
            tracked.apply_server(ServerEvent.BLOCK)
            if tracked.awaited_fault:
                self._inject(tracked, tracked.awaited_fault)

    def _look_for_idle(self, now: int) -> None:
        for actor, tracked in enumerate(self._actors):
            if tracked.state is ActorState.RUNNING or tracked.state is ActorState.IDLE:
                quiet = tracked.waits_for_nothing and now - tracked.last_activity_ns >= IDLE_AFTER_NS
                idle = quiet and not self._host.is_actor_running(actor)
                if idle and tracked.state is ActorState.IDLE:
                    # It is polling now: others may move before its first request, which is a move of its own then.
                    tracked.awaits_first_request = False
                tracked.apply(ActorEvent.SEEN_IDLE if idle else ActorEvent.SEEN_BUSY)

    # Decisions

    def _enqueue(self, actor: int, request: PendingRequest) -> None:
        self._actors[actor].pending.append(request)
        if self._awaited_actor == actor:
            self._awaited_actor = None
            self._move(actor, self._enabled)
        else:
            self._decide_if_at_rest()

    def _decide_if_at_rest(self, exclude_sleeping: bool = False) -> None:
        """Decide which actor moves next, if all actors are at rest.

        Args:
            exclude_sleeping: Do not choose an actor that sleeps between two tries.
        """
        if self._closed or self._awaited_actor is not None:
            return
        if all(tracked.is_at_rest for tracked in self._actors) and not self._unblock():
            self._decide(exclude_sleeping)

    def _unblock(self) -> bool:
        """Return whether an actor that was blocked in the server is not blocked any more."""
        blocked = [
            actor for actor, tracked in enumerate(self._actors) if tracked.server is ServerState.BLOCKED
        ]
        free = set(blocked) - self._host.blocked(blocked) if blocked else set()
        for actor in free:
            self._actors[actor].apply_server(ServerEvent.UNBLOCK)
        return bool(free)

    def _decide(self, exclude_sleeping: bool) -> None:
        decision = self._decision(exclude_sleeping)
        if not decision.enabled:
            return
        actor = self._scheduler.choose(decision)
        self._enabled = decision.enabled
        if self._actors[actor].pending:
            self._move(actor, self._enabled)
        else:
            self._awaited_actor = actor
            self._actors[actor].last_activity_ns = self._host.now_ns()

    def _decision(self, exclude_sleeping: bool) -> Decision:
        ready: list[int] = []
        polling: list[int] = []
        for actor, tracked in enumerate(self._actors):
            if tracked.is_polling:
                if tracked.pending or not exclude_sleeping:
                    polling.append(actor)
            elif tracked.pending and tracked.server is not ServerState.BLOCKED:
                ready.insert(0 if actor == self._last else len(ready), actor)
        return Decision(tuple(ready), tuple(polling), self.moves, [tracked.step for tracked in self._actors])

    # Moves

    def _move(self, actor: int, enabled: tuple[int, ...]) -> None:
        tracked = self._actors[actor]
        request = tracked.pending.popleft()
        tracked.apply(ActorEvent.MOVE)
        tracked.awaits_first_request = request.text is None
        self._last = actor
        now, tracked.last_move = self._host.now_ns(), len(self.moves)
        self.moves.append(Move(now, actor, tracked.step, request.text or "", enabled, tracked.month))
        self._forward(actor, request)

    def _forward(self, actor: int, request: PendingRequest) -> None:
        """Let a request through, unless a fault is to be injected before it."""
        tracked = self._actors[actor]
        tracked.last_activity_ns = self._host.now_ns()
        if request.text is None:
            tracked.last_text = None
            tracked.deadline_ns = tracked.last_activity_ns + tracked.timeout_ns
            request.let_through()
            return
        if not request.only_prepares:
            tracked.last_text = request.text
            if due := tracked.fault_plan.at_message(request):
                if due.fault.point == "before":
                    self._inject(tracked, due)
                    return
                tracked.awaited_fault = due
                due.connection.buffer_replies()
        tracked.expect_reply()
        request.let_through()

    def _inject(self, tracked: TrackedActor, due: DueFault) -> None:
        """Begin to inject a fault.  Requests of a process or connection that it ends are discarded."""
        tracked.awaited_fault, tracked.injecting = None, due
        if due.fault.point == "half":
            due.connection.pass_on(half=True)
        if due.fault.kind == "reset":
            tracked.pending = deque(one for one in tracked.pending if one.connection is not due.connection)
        elif due.fault.traits.ends_process:
            _forget((due.request, *tracked.pending))
            tracked.pending.clear()
        self._host.inject(due.number)


def _forget(requests: Iterable[PendingRequest]) -> None:
    """Have the connections discard these requests of a dead process."""
    for request in requests:
        if request.connection:
            request.connection.forget()
