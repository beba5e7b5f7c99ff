"""One connection of a client at the gate: its batches wait until they are let through."""

import socket
from collections import deque
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Protocol

from lock_harness.core.history import TERMINATE
from lock_harness.gate.pending import PendingRequest
from lock_harness.gate.preparing import PreparationDetector
from lock_harness.wire.connection import End, ProxiedConnection
from lock_harness.wire.dialogue import Dialogue
from lock_harness.wire.events import Diagnostic, Reply
from lock_harness.wire.loop import Loop
from lock_harness.wire.messages import ProtocolError
from lock_harness.wire.network import reset
from lock_harness.wire.parts import Batch, Part
from lock_harness.wire.service import error_response
from lock_harness.wire.startup import HEADER

STARTUP = "StartupMessage"


class _ClientSide(Enum):
    """The client's side of the connection."""

    OPEN = "the client may send more"
    CLOSING = "the client has closed its side, and batches that it sent before are still queued"
    CLOSED = "the client has closed its side, and all its batches were sent to the server"
    INCOMPLETE = (
        "the client has closed its side in the middle of a batch, so replies are not matched any more"
    )


class Gatekeeper(Protocol):
    """Decides when a request may pass."""

    def on_request(self, application_name: str, request: PendingRequest) -> None: ...
    def on_reply(self, application_name: str, error: str | None) -> None:
        """Note a reply, or the end of the session, with the error that the server has reported, if any."""
        ...


class GatedConnection(ProxiedConnection):
    """A connection whose batches, and whose Terminate, wait until the gatekeeper lets them through.

    The messages of the start of a session pass at once.
    """

    def __init__(
        self,
        loop: Loop,
        client: socket.socket,
        server: socket.socket,
        opening: bytes,
        on_closed: Callable[[ProxiedConnection], None],
        application_name: str,
        gatekeeper: Gatekeeper,
    ) -> None:
        size = HEADER.unpack_from(opening)[0]
        super().__init__(loop, client, server, opening[:size], on_closed)
        self.name = application_name
        self._gatekeeper = gatekeeper
        self._dialogue = Dialogue()
        self._preparations = PreparationDetector()
        self._queue: deque[Part] = deque()
        self._client_side = _ClientSide.OPEN
        # the start of the session is a request, too
        self._starting = True
        self._replies_owed = 1
        # the error that the server has reported since the last complete reply
        self._error: str | None = None
        # the server's bytes, while replies are buffered
        self._reply_buffer: bytearray | None = None
        startup = PendingRequest(STARTUP, _do_nothing, only_prepares=True, connection=self)
        gatekeeper.on_request(application_name, startup)
        if rest := opening[size:]:
            self._read_client(rest)

    def on_data(self, end: End, data: memoryview) -> None:
        try:
            if end is self.client:
                self._read_client(bytes(data))
            else:
                self._read_server(bytes(data))
        except ProtocolError as error:
            self.client.forward(memoryview(error_response(str(error))))
            self._close(reset)

    def on_eof(self, end: End) -> None:
        if end is self.server:
            self.pass_on()
            super().on_eof(end)
            self._expect_no_reply()
        elif self._queue:
            self._client_side, end.at_eof = _ClientSide.CLOSING, True
            self.update_watches()
        else:
            self._close_client_side()

    def _close(self, how: Callable[[socket.socket], None]) -> None:
        super()._close(how)
        self._expect_no_reply()

    # For faults

    def buffer_replies(self) -> None:
        """From now on buffer the server's bytes instead of passing them on to the client."""
        self._reply_buffer = bytearray()

    def pass_on(self, half: bool = False) -> None:
        """Pass on the buffered replies and buffer no more; with `half`, pass on the first half and continue to buffer."""
        if self._reply_buffer is None:
            return
        data, self._reply_buffer = self._reply_buffer, bytearray() if half else None
        if not self.client.closed:
            self.client.forward(memoryview(data[: len(data) // 2] if half else data))

    def await_end(self) -> None:
        """Count the end of the session as a reply; buffered replies are passed on then."""
        self._replies_owed += 1
        if self.server.closed or self.server.at_eof:
            self._expect_no_reply()

    def forget(self) -> None:
        """Discard the queued requests: the client is dead, and the server must never get them."""
        self._queue.clear()
        if self._client_side is _ClientSide.CLOSING:
            self._close_client_side()

    # From client to server

    def _read_client(self, data: bytes) -> None:
        # Whether a message comes before the client has noticed the end of the session is not deterministic.
        if self.server.at_eof or self.server.closed:
            return
        for part in self._dialogue.feed_client(data):
            if _needs_permission(part) and not self._dialogue.copying_in:
                self._enqueue(part)
            elif self._queue and not self._dialogue.copying_in:
                # the part follows another one that is queued
                self._queue.append(part)
            else:
                self._send(part)

    def _enqueue(self, part: Part) -> None:
        self._queue.append(part)
        request = PendingRequest(
            text=part.text if isinstance(part, Batch) else TERMINATE,
            let_through=partial(self._let_through, part),
            only_prepares=self._preparations.only_prepares(part),
            connection=self,
        )
        self._gatekeeper.on_request(self.name, request)

    def _let_through(self, part: Part) -> None:
        self._replies_owed += 1
        # the part was sent when the server began to copy
        if part not in self._queue:
            self._count_replies(1)
            return
        self._send(self._queue.popleft())
        while self._queue and not _needs_permission(self._queue[0]):
            self._send(self._queue.popleft())
        if self.server.closed:
            self._expect_no_reply()
        elif self._client_side is _ClientSide.CLOSING and not self._queue:
            self._close_client_side()

    def _send(self, part: Part) -> None:
        if not self.server.closed:
            self.server.forward(memoryview(part.raw))
            self._count_replies(len([*self._dialogue.mark_sent(part)]))

    def _close_client_side(self) -> None:
        """Tell the server that the client has closed its side, after the bytes of an incomplete batch."""
        self._client_side = _ClientSide.CLOSED
        if (unfinished := self._dialogue.unfinished) and not self.server.closed:
            self._client_side = _ClientSide.INCOMPLETE
            self.server.forward(memoryview(unfinished))
        super().on_eof(self.client)

    # From server to client

    def _read_server(self, data: bytes) -> None:
        if self._reply_buffer is None:
            self.client.forward(memoryview(data))
        else:
            self._reply_buffer += data
        if self._client_side is not _ClientSide.INCOMPLETE:
            self._match_replies(data)

    def _match_replies(self, data: bytes) -> None:
        replies = 0
        for event in self._dialogue.feed_server(data):
            if isinstance(event, Reply):
                replies += 1
            elif isinstance(event, Diagnostic) and event.is_error:
                self._error = f"{event.sqlstate} {event.text}"
        self._count_replies(replies)
        if self._starting and self._dialogue.status:
            self._starting = False
            self._count_replies(1)
        # while the server copies in, it sends no other reply
        while self._dialogue.copying_in and self._queue:
            self._send(self._queue.popleft())

    def _count_replies(self, count: int) -> None:
        for _ in range(min(count, self._replies_owed)):
            self._replies_owed -= 1
            error, self._error = self._error, None
            self._gatekeeper.on_reply(self.name, error)

    def _expect_no_reply(self) -> None:
        """Count all replies that are owed: none will come.  The end of the session is the reply to a Terminate."""
        self._count_replies(self._replies_owed)


def _needs_permission(part: Part) -> bool:
    """Whether the gatekeeper decides when this part may pass."""
    return isinstance(part, Batch) or part.names == (TERMINATE,)


def _do_nothing() -> None:
    """The startup message has passed already."""
