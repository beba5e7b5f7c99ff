"""What can be done to an actor, or to the server that all of them use, as data; `lock_harness.execution.faults` does it."""

from typing import Literal, get_args

import msgspec

NetworkFault = Literal["reset", "cut", "half_open", "deaf", "mute", "slow"]
ServerFault = Literal["restart_fast", "restart_immediate"]
ClockFault = Literal["clock_forward", "clock_back"]
FaultKind = Literal["kill", "pause", "terminate", "cancel", "late", ServerFault, NetworkFault, ClockFault]
Point = Literal["before", "after", "half"]
NETWORK_FAULTS: frozenset[FaultKind] = frozenset(get_args(NetworkFault))
SERVER_FAULTS: frozenset[FaultKind] = frozenset(get_args(ServerFault))  # all sessions suffer
CLOCK_FAULTS: frozenset[FaultKind] = frozenset(get_args(ClockFault))
SESSION_FAULTS: frozenset[FaultKind] = SERVER_FAULTS | NETWORK_FAULTS - {"slow"} | {"terminate"}
"""The faults that end a lock session while its process lives on."""
LASTING_FAULTS: frozenset[FaultKind] = CLOCK_FAULTS | {"pause", "half_open", "deaf", "mute", "slow"}
"""Those that go on until they are healed; the others strike once."""
GATE_FAULTS: dict[FaultKind, tuple[Point, ...]] = {
    "kill": ("before", "after"),
    "reset": ("before", "after", "half"),
    "terminate": ("before", "after"),
    "late": ("after",),
}
"""The faults that can strike at a message, and at which points of its way."""
ANYWHERE: frozenset[FaultKind] = frozenset(get_args(FaultKind)) - {"late"}
"""Those that need no gate."""


class Fault(msgspec.Struct, frozen=True, omit_defaults=True, tag="fault", tag_field="step"):
    """A step that is done *to* an actor, or to the server that all of them use.

    kill                   its process gets SIGKILL; a new one takes its place
    pause                  its process is stopped, then goes on
    terminate              the server ends its session; the actor opens another when it notices
    cancel                 the server cancels the statement that it runs, if any
    restart_fast           the server is shut down in order and started again
    restart_immediate      the server stops as in a crash, and recovers
    reset, cut             its connection is reset; or closed on both sides
    half_open              nothing arrives any more in either direction, and nobody is told; then a reset
    deaf, mute             the answers, or the requests, are lost; then a reset
    slow                   its connection delays everything and delivers it in small pieces
    clock_forward, clock_back   its wall clock is an hour off; the monotonic clock goes on
    late                   the server's answer comes only when the operation's timeout is over

    `at_ms`: in a race, so long after the common start.  `for_ms`: a lasting fault is healed after that;
    only a race can have one.
    `message`, `point`: at the gate, number `message` of what the actor says to the server from this step on; and
    whether it strikes before the server gets it; after the server has done what it asks, so that the actor does not
    see the answer; or after half of the answer.
    """

    actor: int
    kind: FaultKind = "kill"
    at_ms: int = 0
    for_ms: int = 0
    message: int = 0
    point: Point = "before"
