"""One actor as the gate sees it."""

from collections import deque
from dataclasses import dataclass, field

from lock_harness.core.program import Month
from lock_harness.gate.fault_plan import DueFault, FaultPlan
from lock_harness.gate.pending import PendingRequest
from lock_harness.gate.states import (
    ACTOR_TRANSITIONS,
    SERVER_TRANSITIONS,
    ActorEvent,
    ActorState,
    ServerEvent,
    ServerState,
    next_state,
)

_UNREGISTERED = (ActorState.EXPECTED, ActorState.EXEMPT)
_NEEDS_NO_MOVE = (ActorState.FINISHED, ActorState.EXEMPT)


@dataclass
class TrackedActor:
    """The two states of an actor, and the facts that are independent of them."""

    fault_plan: FaultPlan
    state: ActorState = ActorState.EXPECTED
    server: ServerState = ServerState.READY
    replies_owed: int = 0
    pending: deque[PendingRequest] = field(default_factory=deque)
    # the step at which the actor is
    step: int = 0
    month: Month | None = None
    timeout_ns: int = 0
    # the time at which the timeout of the step ends
    deadline_ns: int = 0
    # the step was let through, but its first request has not come yet
    awaits_first_request: bool = False
    # the place of its last move among all moves
    last_move: int | None = None
    # the text of the last request in this step
    last_text: str | None = None
    # a fault to inject as soon as the server has replied, or blocks the actor
    awaited_fault: DueFault | None = None
    # the fault that is being injected
    injecting: DueFault | None = None
    last_activity_ns: int = 0

    def apply(self, event: ActorEvent) -> None:
        self.state = next_state(ACTOR_TRANSITIONS, self.state, event)

    def apply_server(self, event: ServerEvent) -> None:
        self.server = next_state(SERVER_TRANSITIONS, self.server, event)

    def expect_reply(self) -> None:
        self.replies_owed += 1
        self.apply_server(ServerEvent.EXPECT_REPLY)

    def count_reply(self) -> None:
        self.replies_owed = max(0, self.replies_owed - 1)
        self.apply_server(ServerEvent.REPLY if self.replies_owed else ServerEvent.LAST_REPLY)
        self.apply(ActorEvent.REPLY)

    @property
    def has_registered(self) -> bool:
        """Whether the actor has registered at the gate, by its first step.  Before that all its requests pass."""
        return self.state not in _UNREGISTERED

    @property
    def waits_for_nothing(self) -> bool:
        """Whether neither the gate, nor the server, nor a fault keeps the actor from going on."""
        return self.server is ServerState.READY and not self.pending and not self.injecting

    @property
    def is_polling(self) -> bool:
        """Whether the actor sleeps between two tries, or has already come back with the same request.

        On a slow machine, which of the two the gate sees is not deterministic.
        """
        return self.state is ActorState.POLLING or (
            self.last_text is not None and bool(self.pending) and self.pending[0].text == self.last_text
        )

    @property
    def is_at_rest(self) -> bool:
        """Whether another actor may move: this one does nothing until it is let through, wakes up or is unblocked."""
        if self.injecting:
            return False
        if self.server is ServerState.BLOCKED or self.state is ActorState.POLLING:
            return True
        return self.server is ServerState.READY and (bool(self.pending) or self.state in _NEEDS_NO_MOVE)
