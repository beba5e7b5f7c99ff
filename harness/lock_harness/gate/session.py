"""One client's connection at the gate: what it says is cut into messages that can wait."""

import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

from lock_harness.core.history import TERMINATE
from lock_harness.gate.pending import PendingRequest
from lock_harness.wire.connection import End, ProxiedConnection
from lock_harness.wire.dialogue import Dialogue
from lock_harness.wire.events import Reply
from lock_harness.wire.loop import Loop
from lock_harness.wire.messages import ProtocolError
from lock_harness.wire.network import reset
from lock_harness.wire.parts import Batch, Part
from lock_harness.wire.service import error_response
from lock_harness.wire.startup import HEADER

STARTUP = "StartupMessage"
RUNS = {
    "Query",
    "Execute",
    "FunctionCall",
}  # a batch with none of these changes nothing that others could see


class Gatekeeper(Protocol):
    """Who decides when a message may pass."""

    def on_request(self, application_name: str, request: PendingRequest) -> None: ...
    def on_reply(self, application_name: str) -> None: ...


class GatedConnection(ProxiedConnection):
    """A connection whose batches, and whose end, wait for the gatekeeper's leave.

    What belongs to the start of a session passes.
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
        self._pending: deque[Part] = deque()
        self._owed = 1  # a session that starts
        self._starts = True
        self._kept: bytearray | None = None  # what the server has answered, if that is held back
        self._runs_on = (
            False  # what was run before a Flush lasts until a Sync, which then is more than only_prepares
        )
        self._over = False  # the client has gone, in the midst of a batch
        self._left = False  # the client has closed its side, but what it said before still waits
        gatekeeper.on_request(application_name, PendingRequest(STARTUP, _nothing, True, self))
        if rest := opening[size:]:
            self._said(rest)

    def on_data(self, end: End, data: memoryview) -> None:
        try:
            if end is self.client:
                self._said(bytes(data))
            else:
                self._answer(bytes(data))
        except ProtocolError as error:
            self.client.forward(memoryview(error_response(str(error))))
            self._close(reset)

    def on_eof(self, end: End) -> None:
        if end is self.server:
            self.pass_on()
            super().on_eof(end)
            self._owe_nothing()
        elif self._pending:
            self._left = end.at_eof = True
            self.update_watches()
        else:
            self._leave()

    def _close(self, how: Callable[[socket.socket], None]) -> None:
        super()._close(how)
        self._owe_nothing()

    # What a fault asks for

    def hold_back(self) -> None:
        """From now on keep what the server answers."""
        self._kept = bytearray()

    def pass_on(self, half: bool = False) -> None:
        """Let the client have what was kept and what comes; with `half` only the first half of what was kept."""
        if self._kept is None:
            return
        kept, self._kept = self._kept, bytearray() if half else None
        if not self.client.closed:
            self.client.forward(memoryview(kept[: len(kept) // 2] if half else kept))

    def await_end(self) -> None:
        """The server ends the session: count that as an answer, with which comes what was kept."""
        self._owed += 1
        if self.server.closed or self.server.at_eof:
            self._owe_nothing()

    def forget(self) -> None:
        """What still waits here was never said."""
        self._pending.clear()
        if self._left:
            self._leave()

    # What passes

    def _said(self, data: bytes) -> None:
        if self.server.at_eof or self.server.closed:
            return  # nobody hears it, and whether it comes before the client has noticed that is up to chance
        for part in self._dialogue.feed_client(data):
            if _waits(part) and not self._dialogue.copying_in:
                self._hold(part)
            elif self._pending and not self._dialogue.copying_in:
                self._pending.append(part)  # goes with what is before it
            else:
                self._send(part)

    def _hold(self, part: Part) -> None:
        self._pending.append(part)
        text = part.text if isinstance(part, Batch) else TERMINATE
        let_through = partial(self._let_through, part)
        self._gatekeeper.on_request(
            self.name, PendingRequest(text, let_through, self._only_prepares(part), self)
        )

    def _only_prepares(self, part: Part) -> bool:
        runs, flushes = isinstance(part, Batch) and _runs(part), part.names[-1] == "Flush"
        ends, self._runs_on = self._runs_on and not flushes, (self._runs_on or runs) and flushes
        return isinstance(part, Batch) and not runs and not ends

    def _let_through(self, part: Part) -> None:
        self._owed += 1
        if part not in self._pending:  # it went when the server began to copy
            self._replied(1)
            return
        self._send(self._pending.popleft())
        while self._pending and not _waits(self._pending[0]):
            self._send(self._pending.popleft())
        if self.server.closed:
            self._owe_nothing()
        elif self._left and not self._pending:
            self._leave()

    def _send(self, part: Part) -> None:
        if not self.server.closed:
            self.server.forward(memoryview(part.raw))
            self._replied(len([*self._dialogue.mark_sent(part)]))

    def _answer(self, data: bytes) -> None:
        if self._kept is None:
            self.client.forward(memoryview(data))
        else:
            self._kept += data
        if not self._over:
            self._answered(data)

    def _answered(self, data: bytes) -> None:
        self._replied(sum(isinstance(event, Reply) for event in self._dialogue.feed_server(data)))
        if self._starts and self._dialogue.status:
            self._starts = False
            self._replied(1)
        while self._dialogue.copying_in and self._pending:  # as the server then takes nothing else
            self._send(self._pending.popleft())

    def _replied(self, count: int) -> None:
        for _ in range(min(count, self._owed)):
            self._owed -= 1
            self._gatekeeper.on_reply(self.name)

    def _leave(self) -> None:
        """The client has gone; what it had begun to say still reaches the server."""
        self._left = False
        if (begun := self._dialogue.unfinished) and not self.server.closed:
            self._over = True
            self.server.forward(memoryview(begun))
        super().on_eof(self.client)

    def _owe_nothing(self) -> None:
        """There will be no more answers.  Whoever said good-bye was owed this one."""
        self._replied(self._owed)


def _waits(part: Part) -> bool:
    """Whether it is for the gatekeeper to say when it may go."""
    return isinstance(part, Batch) or part.names == (TERMINATE,)


def _runs(batch: Batch) -> bool:
    """Whether it does more than prepare, or take back what was prepared, which a library does when it thinks fit."""
    tidies = batch.text.upper().startswith("DEALLOCATE") and ";" not in batch.text
    return not RUNS.isdisjoint(batch.names) and not tidies


def _nothing() -> None:
    """What belongs to the start of a session has passed already."""
