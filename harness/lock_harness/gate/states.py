"""The states of an actor at the gate, as two tables: one for its own side, one for the server's side.  Pure data.

The core combines the two: an actor can be polling or finished while the server still owes it a reply.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar


class IllegalEventError(Exception):
    """An event that cannot happen in this state.  The message names both."""


class ActorState(Enum):
    """The activity of an actor, as far as the gate can see.  The value completes "the actor ..."."""

    EXPECTED = "has not come to the gate yet"
    EXEMPT = "has no step to take, and never came to the gate"
    RUNNING = "computes, waits for a reply, or waits at the gate"
    IDLE = "was found to do nothing, once"
    POLLING = "was found to do nothing, twice: it sleeps between two tries"
    FINISHED = "has taken all its steps"


class ActorEvent(Enum):
    """An event of an actor.  The value completes "the actor ..."."""

    STEP = "asks to take a step"
    REQUEST = "sends a request"
    MOVE = "is let through by the scheduler core"
    REPLY = "gets a reply from the server"
    SEEN_IDLE = "is found to do nothing"
    SEEN_BUSY = "is found to do something"
    FINISH = "reports that it has taken all its steps"
    REPLACE = "was killed, and a new process has taken its place"


class ServerState(Enum):
    """The work of the server for an actor.  The value completes "the server ..."."""

    READY = "owes the actor no reply"
    REPLYING = "owes the actor a reply or more"
    BLOCKED = "owes the actor a reply or more, and makes its session wait for another session"


class ServerEvent(Enum):
    """An event between the server and an actor.  The value completes "the server ..."."""

    EXPECT_REPLY = "gets a request, or is to end the session"
    REPLY = "replies, and owes more replies"
    LAST_REPLY = "replies, and owes no more"
    BLOCK = "makes the session wait for another session"
    UNBLOCK = "lets the session continue"


ACTOR_TRANSITIONS = {
    ActorState.EXPECTED: {
        ActorEvent.STEP: ActorState.RUNNING,
        ActorEvent.REQUEST: ActorState.EXPECTED,
        ActorEvent.REPLY: ActorState.EXPECTED,
        ActorEvent.FINISH: ActorState.EXEMPT,
    },
    # The next process of a killed actor may still have steps, although the dead one reported that it had none.
    ActorState.EXEMPT: {
        ActorEvent.STEP: ActorState.RUNNING,
        ActorEvent.REQUEST: ActorState.EXEMPT,
        ActorEvent.REPLY: ActorState.EXEMPT,
        ActorEvent.FINISH: ActorState.EXEMPT,
    },
    ActorState.RUNNING: {
        ActorEvent.STEP: ActorState.RUNNING,
        ActorEvent.REQUEST: ActorState.RUNNING,
        ActorEvent.MOVE: ActorState.RUNNING,
        ActorEvent.REPLY: ActorState.RUNNING,
        ActorEvent.SEEN_IDLE: ActorState.IDLE,
        ActorEvent.SEEN_BUSY: ActorState.RUNNING,
        ActorEvent.FINISH: ActorState.FINISHED,
        ActorEvent.REPLACE: ActorState.EXPECTED,
    },
    ActorState.IDLE: {
        ActorEvent.STEP: ActorState.RUNNING,
        ActorEvent.REQUEST: ActorState.RUNNING,
        ActorEvent.REPLY: ActorState.RUNNING,
        ActorEvent.SEEN_IDLE: ActorState.POLLING,
        ActorEvent.SEEN_BUSY: ActorState.RUNNING,
        ActorEvent.FINISH: ActorState.FINISHED,
    },
    # A step, a request or a reply does not end this state: how fast an actor wakes up must not change its place in the
    # order of the actors that can move.
    ActorState.POLLING: {
        ActorEvent.STEP: ActorState.POLLING,
        ActorEvent.REQUEST: ActorState.POLLING,
        ActorEvent.MOVE: ActorState.RUNNING,
        ActorEvent.REPLY: ActorState.POLLING,
        ActorEvent.FINISH: ActorState.FINISHED,
        ActorEvent.REPLACE: ActorState.EXPECTED,
    },
    # its client library may have a connection of its own that sends on
    ActorState.FINISHED: {
        ActorEvent.REQUEST: ActorState.FINISHED,
        ActorEvent.MOVE: ActorState.FINISHED,
        ActorEvent.REPLY: ActorState.FINISHED,
        ActorEvent.REPLACE: ActorState.EXPECTED,
    },
}

SERVER_TRANSITIONS = {
    # the end of a session counts as a reply, even where none is owed
    ServerState.READY: {
        ServerEvent.EXPECT_REPLY: ServerState.REPLYING,
        ServerEvent.LAST_REPLY: ServerState.READY,
    },
    ServerState.REPLYING: {
        ServerEvent.EXPECT_REPLY: ServerState.REPLYING,
        ServerEvent.REPLY: ServerState.REPLYING,
        ServerEvent.LAST_REPLY: ServerState.READY,
        ServerEvent.BLOCK: ServerState.BLOCKED,
    },
    ServerState.BLOCKED: {
        ServerEvent.EXPECT_REPLY: ServerState.BLOCKED,
        ServerEvent.REPLY: ServerState.REPLYING,
        ServerEvent.LAST_REPLY: ServerState.READY,
        ServerEvent.UNBLOCK: ServerState.REPLYING,
    },
}

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


def next_state(transitions: Mapping[S, Mapping[E, S]], state: S, event: E) -> S:
    """Return the state after `event`.

    Raises:
        IllegalEventError: if the table has no such transition.
    """
    try:
        return transitions[state][event]
    except KeyError:
        raise IllegalEventError(
            f"event {event.name} ({event.value}) is illegal in state {state.name} ({state.value})"
        ) from None
