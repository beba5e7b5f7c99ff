"""The commands that the harness sends to the gate process."""

import msgspec

from lock_harness.core.program import Program


class ActorInfo(msgspec.Struct, frozen=True):
    """An actor as the gate knows it.

    `name` is that of its mailbox.  `session` is the application_name of its sessions, without their number.  `pids` begins
    with its own process; a lock command has another one.
    """

    name: str
    session: str
    pids: tuple[int, ...]


class ObserveServer(msgspec.Struct, frozen=True, tag=True):
    """From now on ask this server which session waits for which."""

    dsn: str


class OpenGate(msgspec.Struct, frozen=True, tag=True):
    """From now on queue the requests of these actors, as the program says; in a race only record them."""

    program: Program
    actors: tuple[ActorInfo, ...]


class ReportInjected(msgspec.Struct, frozen=True, tag=True):
    """The fault that hits `actor` is injected.  `info` describes the actor as it is now."""

    actor: int
    info: ActorInfo


class CloseGate(msgspec.Struct, frozen=True, tag=True):
    """Let every request pass from now on, and return the moves."""
