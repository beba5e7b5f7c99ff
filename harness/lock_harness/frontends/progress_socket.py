"""The socket on which the workers of `run -n` report to the command that started them.

It is a Unix datagram socket: a message is one datagram, and a worker that dies leaves no connection behind.
"""

import contextlib
import os
import select
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from lock_harness.exploration.progress import Progress
from lock_harness.frontends.messages import WorkerMessage

PROGRESS_VARIABLE = "LOCK_HARNESS_PROGRESS"  # the path of the socket
LARGEST_MESSAGE = 65_536

ReportMessage = Callable[[WorkerMessage], None]
_decoder: msgspec.json.Decoder[WorkerMessage] = msgspec.json.Decoder(WorkerMessage)


class ProgressSocket:
    """The receiving end."""

    def __init__(self, bound: socket.socket) -> None:
        self._socket = bound

    def receive(self, timeout_s: float) -> WorkerMessage | None:
        """Return the next message, or None if none arrives in time."""
        if not select.select([self._socket], [], [], timeout_s)[0]:
            return None
        return _decoder.decode(self._socket.recv(LARGEST_MESSAGE))


@contextlib.contextmanager
def open_progress_socket(path: Path) -> Iterator[ProgressSocket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        yield ProgressSocket(receiver)


@contextlib.contextmanager
def connect_progress_socket() -> Iterator[ReportMessage]:
    """Yield a function that sends a message to the command, or does nothing if no command listens."""
    path = os.environ.get(PROGRESS_VARIABLE)
    if not path:
        yield lambda _: None
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(path)
        yield lambda message: _send(sender, message)


def _send(sender: socket.socket, message: WorkerMessage) -> None:
    """Send the message.  Progress is dropped if the receiver is slow; a result waits until there is room."""
    flags = socket.MSG_DONTWAIT if isinstance(message, Progress) else 0
    with contextlib.suppress(ConnectionRefusedError, FileNotFoundError, BlockingIOError):
        sender.send(msgspec.json.encode(message), flags)
