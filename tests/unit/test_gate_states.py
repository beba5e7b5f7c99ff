"""The states of an actor at the gate: every event in every state has a transition or raises."""

from enum import Enum
from itertools import product

import pytest

from lock_harness.actors.mailbox import AtGate
from lock_harness.gate.fault_plan import FaultPlan
from lock_harness.gate.states import (
    ACTOR_TRANSITIONS,
    SERVER_TRANSITIONS,
    ActorEvent,
    ActorState,
    IllegalEventError,
    ServerEvent,
    ServerState,
    next_state,
)
from lock_harness.gate.tracked_actor import TrackedActor
from tests.simulated_gate import Simulated


@pytest.mark.parametrize(("state", "event"), [*product(ActorState, ActorEvent)])
def test_every_event_of_an_actor_has_a_transition_or_raises(state: ActorState, event: ActorEvent) -> None:
    tracked = TrackedActor(FaultPlan(), state)
    if event in ACTOR_TRANSITIONS[state]:
        tracked.apply(event)
        assert tracked.state is ACTOR_TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalEventError, match=rf"event {event.name} .* illegal in state {state.name} "):
            tracked.apply(event)
        assert tracked.state is state


@pytest.mark.parametrize(("state", "event"), [*product(ServerState, ServerEvent)])
def test_every_event_of_the_server_has_a_transition_or_raises(state: ServerState, event: ServerEvent) -> None:
    tracked = TrackedActor(FaultPlan(), server=state)
    if event in SERVER_TRANSITIONS[state]:
        tracked.apply_server(event)
        assert tracked.server is SERVER_TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalEventError, match=rf"event {event.name} .* illegal in state {state.name} "):
            tracked.apply_server(event)
        assert tracked.server is state


@pytest.mark.parametrize(
    ("transitions", "first"),
    [(ACTOR_TRANSITIONS, ActorState.EXPECTED), (SERVER_TRANSITIONS, ServerState.READY)],
    ids=["actor", "server"],
)
def test_every_state_can_be_reached(transitions: dict[Enum, dict[Enum, Enum]], first: Enum) -> None:
    reached, new = {first}, {first}
    while new:
        new = {after for state in new for after in transitions[state].values()} - reached
        reached |= new
    assert reached == set(type(first)) == set(transitions)


def test_an_actor_that_never_came_neither_moves_nor_is_looked_at() -> None:
    for state in (ActorState.EXPECTED, ActorState.EXEMPT):
        assert not {ActorEvent.MOVE, ActorEvent.SEEN_IDLE, ActorEvent.SEEN_BUSY} & set(
            ACTOR_TRANSITIONS[state]
        )


def test_an_illegal_event_is_reported_with_the_meaning_of_event_and_state() -> None:
    with pytest.raises(IllegalEventError) as caught:
        next_state(ACTOR_TRANSITIONS, ActorState.FINISHED, ActorEvent.STEP)
    assert str(caught.value) == (
        "event STEP (asks to take a step) is illegal in state FINISHED (has taken all its steps)"
    )


def test_the_core_refuses_a_step_of_an_actor_that_has_finished() -> None:
    world = Simulated(2)
    world.step(0)
    world.core.on_finish(0)
    with pytest.raises(IllegalEventError):
        world.core.on_step(AtGate(0, 1, None), lambda: None)


def test_the_server_is_ready_exactly_when_it_owes_no_reply() -> None:
    tracked = TrackedActor(FaultPlan())
    tracked.expect_reply()
    tracked.expect_reply()
    tracked.apply_server(ServerEvent.BLOCK)
    tracked.count_reply()
    assert (tracked.server, tracked.replies_owed) == (ServerState.REPLYING, 1)
    for _ in range(2):
        tracked.count_reply()
        assert (tracked.server, tracked.replies_owed) == (ServerState.READY, 0)
