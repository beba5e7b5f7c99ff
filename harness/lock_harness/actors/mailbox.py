"""Messages between the processes of one arena: datagrams to names.

Every process has a mailbox, a Unix datagram socket at `<arena>/<name>`.  A datagram arrives whole or not
at all, keeps its order, needs no connection, and wakes a sleeping reader in microseconds; a new process is
reached by its name, without handing file descriptors around.
"""

import contextlib
import errno
import select
import socket
from pathlib import Path

import msgspec

from lock_harness.core.errors import UserError
from lock_harness.core.program import Month, Step

CONDUCTOR, GATE = "conductor", "gate"  # their mailboxes
LARGEST = 212_992  # what Linux lets one datagram carry unless told otherwise


class Begin(msgspec.Struct, frozen=True, tag=True):
    """To an actor: you are number `actor` of `team` (names of mailboxes), at this `incarnation`.

    `steps` are those that it has to know: in lockstep all, in a race its own.  What is in no program is numbered
    from `numbers` on.
    """

    actor: int
    incarnation: int
    team: tuple[str, ...]
    months: tuple[Month, ...]
    steps: tuple[Step, ...]
    numbers: int


class TeamChanged(msgspec.Struct, frozen=True, tag=True):
    """To an actor: somebody was replaced; these are the names now."""

    team: tuple[str, ...]


class Baton(msgspec.Struct, frozen=True, tag=True):
    """It is the receiver's turn: step `number` is next."""

    number: int


class StartRace(msgspec.Struct, frozen=True, tag=True):
    """To an actor: this is who you are; at `at_ns` begin to take your own steps, `rounds` times, waiting for nobody.

    `indices` has the place of each of them among the program's `length` steps.  Numbers below `first` are done.
    `gated`: but before each of them ask the gate.
    """

    begin: Begin
    at_ns: int
    indices: tuple[int, ...]
    length: int
    rounds: int
    first: int = 0
    gated: bool = False


class AtGate(msgspec.Struct, frozen=True, tag=True):
    """To the gate: `actor` stands before step `number`, about `month`, and takes it when the baton comes."""

    actor: int
    number: int
    month: Month | None
    timeout_ms: int = 0


class AllStepsTaken(msgspec.Struct, frozen=True, tag=True):
    """To the gate: `actor` has taken all its steps."""

    actor: int


class FaultDue(msgspec.Struct, frozen=True, tag=True):
    """From the gate to the conductor: it is time for fault `number`, and nobody moves until it is done.

    `session` says the message that it strikes at: perhaps one that is being opened, and is nobody's session yet.
    """

    number: int
    session: str


class SeveralConnections(msgspec.Struct, frozen=True, tag=True):
    """From the gate to the conductor: a session has several connections, and a fault would strike one of them."""


class Finish(msgspec.Struct, frozen=True, tag=True):
    """To an actor: give back all that you hold.  `reopen`: the server has ended your session, open another."""

    reopen: bool = False


class Probe(msgspec.Struct, frozen=True, tag=True):
    """To an actor: acquire and release each of `months`, to show that they are free."""

    months: tuple[Month, ...]
    timeout_ms: int


class Returned(msgspec.Struct, frozen=True, tag=True):
    """From an actor: the pending operation `number` has returned."""

    number: int


class Finished(msgspec.Struct, frozen=True, tag=True):
    """From an actor: done with StartRace, with Finish, or with Probe."""

    name: str


class Ready(msgspec.Struct, frozen=True, tag=True):
    """From an actor: my first session is open; my lock can do these verbs besides acquire and release."""

    name: str
    verbs: tuple[str, ...]


class CommandStarted(msgspec.Struct, frozen=True, tag=True):
    """From an actor to the conductor and the gate: the program of its lock command runs, as this process."""

    name: str
    pid: int


class ActorFailed(msgspec.Struct, frozen=True, tag=True):
    """From an actor: my lock session cannot be used; `why` fits one line."""

    name: str
    why: str


MailboxMessage = (
    Begin
    | TeamChanged
    | Baton
    | StartRace
    | AtGate
    | AllStepsTaken
    | FaultDue
    | SeveralConnections
    | Finish
    | Probe
    | Returned
    | Finished
    | Ready
    | CommandStarted
    | ActorFailed
)
_decoder = msgspec.msgpack.Decoder(MailboxMessage)
_encoder = msgspec.msgpack.Encoder()


class Mailbox:
    """One process's mailbox, and the means to write to the others of the same directory."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self._directory = str(directory)  # joined by hand: a path would take longer than to send a message
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"{directory}/{name}")
        # to make room for each anew would take longer than to read it
        self._buffer = memoryview(bytearray(LARGEST))

    def send(self, name: str, message: MailboxMessage) -> bool:
        """False if nobody reads that mailbox any more.  `UserError` for a program that is too large."""
        data = _encoder.encode(message)
        try:
            self._socket.sendto(data, f"{self._directory}/{name}")
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            raise UserError(
                f"the steps that one actor must know fill {len(data):,} bytes, but a message holds at most "
                f"{LARGEST:,}: take fewer steps, or in a race more rounds"
            ) from None
        return True

    def receive(self, timeout_ms: float | None = None) -> MailboxMessage | None:
        """The next message; None if none comes within `timeout_ms`."""
        if timeout_ms is not None and not self.waiting(timeout_ms):
            return None
        size = self._socket.recv_into(self._buffer)
        message: MailboxMessage = _decoder.decode(self._buffer[:size])
        return message

    def receive_while(self, lifeline: int) -> MailboxMessage | None:
        """The next message; None when whoever holds the other end of this pipe is gone."""
        ready = select.select([self._socket.fileno(), lifeline], [], [])[0]
        return None if lifeline in ready else self.receive()

    @property
    def socket(self) -> socket.socket:
        """So that a selector can watch it."""
        return self._socket

    def waiting(self, timeout_ms: float) -> bool:
        """Whether a message is there, or comes within `timeout_ms`."""
        return bool(select.select([self._socket], [], [], max(0.0, timeout_ms) / 1000)[0])

    def close(self) -> None:
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            Path(self._directory, self.name).unlink()
