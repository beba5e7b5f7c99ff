"""The faults, as data: one row per kind in `FAULTS`.  `lock_harness.execution.faults` injects them.

The idea of a fault that is injected while clients run is Jepsen's nemesis.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import msgspec

NetworkFault = Literal["reset", "cut", "half_open", "deaf", "mute", "slow"]
ServerFault = Literal["restart_fast", "restart_immediate"]
ClockFault = Literal["clock_forward", "clock_back"]
FaultKind = Literal["kill", "pause", "terminate", "cancel", ServerFault, NetworkFault, ClockFault, "late"]
FaultTarget = Literal["process", "session", "server", "network", "clock", "reply"]
Point = Literal["before", "after", "half"]


class FaultTraits(NamedTuple):
    """The properties of one kind of fault.

    Attributes:
        target: The part that the fault hits.  A fault of the server hits every session.
        phrase: The effect on the actor, for reports.
        meaning: The effect, for the documents.
        needs: Where the fault is available, for the documents; its injector checks it.
        ends_process: The process of the actor ends.
        ends_session: The lock session ends and its process continues.
        lasting: The fault lasts until it is healed.  The other faults hit once.
        healed_phrase: The effect of the healing on the actor, for reports.
        gate_points: Where on the way of a message the gate can inject the fault; empty if it cannot.
        crash: A client or its session ends there, so each gate point is a crash point.
    """

    target: FaultTarget
    phrase: str
    meaning: str
    needs: str = "everywhere"
    ends_process: bool = False
    ends_session: bool = False
    lasting: bool = False
    healed_phrase: str = ""
    gate_points: tuple[Point, ...] = ()
    crash: bool = False

    @property
    def needs_gate(self) -> bool:
        """Whether only the gate can inject the fault."""
        return self.target == "reply"

    @property
    def whole_server(self) -> bool:
        """Whether the fault hits every session."""
        return self.target == "server"


_PROXY = "a server reached by TCP, without TLS"
_OWN_SERVER = "a server that the harness started"
_RESET = "a reset ends it"

FAULTS: dict[FaultKind, FaultTraits] = {
    "kill": FaultTraits(
        target="process",
        phrase="SIGKILL",
        meaning="the process gets SIGKILL; a new process takes its place",
        ends_process=True,
        gate_points=("before", "after"),
        crash=True,
    ),
    "pause": FaultTraits(
        target="process",
        phrase="its process is stopped",
        meaning="the process is stopped (SIGSTOP), then continues",
        lasting=True,
        healed_phrase="its process continues",
    ),
    "reset": FaultTraits(
        target="network",
        phrase="its connection is reset",
        meaning="the connection is reset",
        needs=_PROXY,
        ends_session=True,
        gate_points=("before", "after", "half"),
        crash=True,
    ),
    "cut": FaultTraits(
        target="network",
        phrase="its connection is closed",
        meaning="the connection is closed on both sides",
        needs=_PROXY,
        ends_session=True,
    ),
    "half_open": FaultTraits(
        target="network",
        phrase="no packet gets through any more",
        meaning="no packet arrives in either direction, and neither side is notified; then a reset",
        needs=f"{_PROXY}, on Linux",
        ends_session=True,
        lasting=True,
        healed_phrase=_RESET,
    ),
    "deaf": FaultTraits(
        target="network",
        phrase="replies to it are lost",
        meaning="the server's replies are lost; then a reset",
        needs=_PROXY,
        ends_session=True,
        lasting=True,
        healed_phrase=_RESET,
    ),
    "mute": FaultTraits(
        target="network",
        phrase="its requests are lost",
        meaning="the client's requests are lost; then a reset",
        needs=_PROXY,
        ends_session=True,
        lasting=True,
        healed_phrase=_RESET,
    ),
    "slow": FaultTraits(
        target="network",
        phrase="its connection becomes slow",
        meaning="the connection delays everything and delivers it in small pieces",
        needs=_PROXY,
        lasting=True,
        healed_phrase="its connection is fast again",
    ),
    "terminate": FaultTraits(
        target="session",
        phrase="the server ends its session",
        meaning="the server ends the session (`pg_terminate_backend`); the actor opens another when it notices",
        ends_session=True,
        gate_points=("before", "after"),
        crash=True,
    ),
    "cancel": FaultTraits(
        target="session",
        phrase="the server cancels its statement",
        meaning="the server cancels the statement that the session runs, if any",
    ),
    "restart_fast": FaultTraits(
        target="server",
        phrase="the server restarts",
        meaning="the server is shut down in order and started again",
        needs=_OWN_SERVER,
        ends_session=True,
    ),
    "restart_immediate": FaultTraits(
        target="server",
        phrase="the server crashes and recovers",
        meaning="the server stops as in a crash, and recovers",
        needs=_OWN_SERVER,
        ends_session=True,
    ),
    "clock_forward": FaultTraits(
        target="clock",
        phrase="its wall clock jumps ahead an hour",
        meaning="the actor's wall clock is an hour ahead; its monotonic clock is right",
        needs="libfaketime: `pip install lock-harness[clock]`",
        lasting=True,
        healed_phrase="its wall clock is right again",
    ),
    "clock_back": FaultTraits(
        target="clock",
        phrase="its wall clock falls back an hour",
        meaning="the actor's wall clock is an hour behind; its monotonic clock is right",
        needs="libfaketime: `pip install lock-harness[clock]`",
        lasting=True,
        healed_phrase="its wall clock is right again",
    ),
    "late": FaultTraits(
        target="reply",
        phrase="the reply comes only after its timeout",
        meaning="the server's reply arrives 100 ms after the operation's timeout",
        needs="the gate",
        gate_points=("after",),
    ),
}
assert set(FAULTS) == set(get_args(FaultKind))

GATE_FAULTS: dict[FaultKind, tuple[Point, ...]] = {
    kind: traits.gate_points for kind, traits in FAULTS.items() if traits.gate_points
}
"""The faults that the gate can inject at a message, and at which points of its way."""


def fault_kinds(having: Callable[[FaultTraits], bool]) -> tuple[FaultKind, ...]:
    """The kinds whose traits satisfy `having`, in the order of the table."""
    return tuple(kind for kind, traits in FAULTS.items() if having(traits))


class Fault(msgspec.Struct, frozen=True, omit_defaults=True, tag="fault", tag_field="step"):
    """A step that is done *to* an actor, or to the server that all actors use.  `FAULTS` describes the kinds.

    Attributes:
        at_ms: In a race, the time of the fault after the common start.
        for_ms: In a race, when a lasting fault is healed after it began.
        message: At the gate, the index of the message that the fault hits, among the messages that the actor
            sends from this step on.
        point: At the gate, whether the fault is injected before the server gets the message; after the server has
            handled it, so that the actor does not see the reply; or after half of the reply.
    """

    actor: int
    kind: FaultKind = "kill"
    at_ms: int = 0
    for_ms: int = 0
    message: int = 0
    point: Point = "before"

    @property
    def traits(self) -> FaultTraits:
        return FAULTS[self.kind]
