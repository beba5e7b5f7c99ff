"""Messages between the processes of one arena, sent as datagrams to named mailboxes.

Every process has a mailbox, a Unix datagram socket at `<arena>/<name>`.  Datagrams arrive whole and in order,
need no connection, and wake a sleeping reader within microseconds.  A new process is reached by its name, without
passing file descriptors.
"""

import contextlib
import errno
import mmap
import select
import socket
from pathlib import Path
from typing import Literal

import msgspec

from lock_harness.core.contract import Contract
from lock_harness.core.errors import UserError
from lock_harness.core.program import Month, Step

CONDUCTOR, GATE = "conductor", "gate"  # names of mailboxes
LARGEST = 212_992  # bytes of a datagram, by default on Linux


class Begin(msgspec.Struct, frozen=True, tag=True):
    """To an actor: a new program begins.

    Attributes:
        actor: The index of the receiver in `team`.
        team: The names of the actors' mailboxes.
        steps: In lockstep all steps of the program; in a race those of the receiver.
        first_extra_number: The first number of operations that are not in the program.
    """

    actor: int
    incarnation: int
    team: tuple[str, ...]
    months: tuple[Month, ...]
    steps: tuple[Step, ...]
    first_extra_number: int


class TeamChanged(msgspec.Struct, frozen=True, tag=True):
    """To an actor: another actor was replaced; these are the names of the team now."""

    team: tuple[str, ...]


class Baton(msgspec.Struct, frozen=True, tag=True):
    """To an actor or the conductor: it is the receiver's turn, with step `number`."""

    number: int


class StartSteps(msgspec.Struct, frozen=True, tag=True):
    """To an actor: take your own steps `rounds` times, from `at_ns` on, without waiting for other actors.

    Attributes:
        at_ns: The common start of all actors.  An actor that replaces another one gets it when it has passed.
        begin: The program; its `steps` are those of the receiver.
        indices: The index of each of these steps among the program's `length` steps.
        first: Skip the steps with lower numbers: they are done.
        gated: Ask the gate before each step.
    """

    begin: Begin
    at_ns: int
    indices: tuple[int, ...]
    length: int
    rounds: int
    first: int = 0
    gated: bool = False


class AtGate(msgspec.Struct, frozen=True, tag=True):
    """To the gate: `actor` waits for the baton before it takes step `number`, which concerns `month`."""

    actor: int
    number: int
    month: Month | None
    timeout_ms: int = 0


class AllStepsTaken(msgspec.Struct, frozen=True, tag=True):
    """To the gate: `actor` has taken all its steps."""

    actor: int


class FaultDue(msgspec.Struct, frozen=True, tag=True):
    """From the gate to the conductor: inject fault `number` now; no actor moves until it is done.

    `session` sent the message that the fault hits.  It may be a session that is still being opened.
    """

    number: int
    session: str


class SeveralConnections(msgspec.Struct, frozen=True, tag=True):
    """From the gate to the conductor: a session has several connections, so a fault would hit only one of them."""


class Finish(msgspec.Struct, frozen=True, tag=True):
    """To an actor: release everything that you hold; with `reopen` open another session first."""

    reopen: bool = False


class Probe(msgspec.Struct, frozen=True, tag=True):
    """To an actor: acquire and release each of `months`, up to the first that is refused, to show that they are free."""

    months: tuple[Month, ...]
    timeout_ms: int


class Returned(msgspec.Struct, frozen=True, tag=True):
    """From an actor: the pending operation `number` has returned."""

    number: int


class Finished(msgspec.Struct, frozen=True, tag=True):
    """From an actor: it has completed StartSteps, Finish or Probe."""

    name: str


class Ready(msgspec.Struct, frozen=True, tag=True):
    """From an actor: its first session is open, and its lock offers these optional verbs and has this contract."""

    name: str
    verbs: tuple[str, ...]
    contract: Contract


class CommandStarted(msgspec.Struct, frozen=True, tag=True):
    """From an actor to the conductor and the gate: its lock command runs as process `pid`."""

    name: str
    pid: int


class ActorFailed(msgspec.Struct, frozen=True, tag=True):
    """From an actor: its lock session cannot be used; `why` is one line."""

    name: str
    why: str


class SetupDone(msgspec.Struct, frozen=True, tag=True):
    """From a setup process: its result.

    done     the lock has prepared the database
    none     the lock has no setup, or it does not load, which an actor will report
    failed   the setup failed; `why` is one line
    refused  a lock command answered with an error, as it should if it has no setup; `why` is one line
    """

    name: str
    result: Literal["done", "none", "failed", "refused"]
    why: str = ""


MailboxMessage = (
    Begin
    | TeamChanged
    | Baton
    | StartSteps
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
    | SetupDone
)
_decoder = msgspec.msgpack.Decoder(MailboxMessage)
_encoder = msgspec.msgpack.Encoder()


class Mailbox:
    """The mailbox of one process, which can send to the other mailboxes of the same directory."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        # a str, because joining a Path takes longer than sending a message
        self._directory = str(directory)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"{directory}/{name}")
        # Reused, because allocating it takes longer than receiving a message.  Mapped, so that a page of it takes
        # no memory and no time until a message reaches it.
        self._buffer = memoryview(mmap.mmap(-1, LARGEST, flags=mmap.MAP_PRIVATE))

    def send(self, name: str, message: MailboxMessage) -> bool:
        """Send a message; return False if no process reads that mailbox.

        Raises:
            UserError: The message is too large for a datagram.
        """
        data = _encoder.encode(message)
        try:
            self._socket.sendto(data, f"{self._directory}/{name}")
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            raise UserError(
                f"the steps of one actor need a message of {len(data):,} bytes, but a message has at most "
                f"{LARGEST:,}: use fewer steps, or in a race more rounds"
            ) from None
        return True

    def receive(self, timeout_ms: float | None = None) -> MailboxMessage | None:
        """Return the next message; None if none arrives within `timeout_ms`."""
        if timeout_ms is not None and not self.wait(timeout_ms):
            return None
        size = self._socket.recv_into(self._buffer)
        message: MailboxMessage = _decoder.decode(self._buffer[:size])
        return message

    def receive_while(self, sentinel: int) -> MailboxMessage | None:
        """Return the next message; None when `sentinel` becomes readable, because its process has ended."""
        ready = select.select([self._socket.fileno(), sentinel], [], [])[0]
        return None if sentinel in ready else self.receive()

    @property
    def socket(self) -> socket.socket:
        """The socket, for a selector."""
        return self._socket

    def wait(self, timeout_ms: float) -> bool:
        """Wait for a message; return whether one arrives within `timeout_ms`."""
        return bool(select.select([self._socket], [], [], max(0.0, timeout_ms) / 1000)[0])

    def close(self) -> None:
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            Path(self._directory, self.name).unlink()
