"""One client's connection to the server: two ends, with a network between them that may be faulty."""

import socket
from collections.abc import Callable
from functools import partial

from lock_harness.core.clock import now_ns
from lock_harness.core.fault import NetworkFault
from lock_harness.wire.loop import READ, WRITE, Loop
from lock_harness.wire.network import (
    CHUNK,
    CONDITIONS,
    GAP_NS,
    HEALTHY,
    LATENCY_NS,
    LOST,
    Condition,
    Course,
    cut,
    is_tcp,
    reset,
    slice_size,
    unacknowledged,
    vanish,
)

# The bytes that were just read and are written at once.  Only one thread uses it.
_buffer = memoryview(bytearray(CHUNK))


class End:
    """One end of a connection.

    While bytes are waiting for one end, nothing is read from the other.  So at most one chunk is kept in memory,
    and the kernel blocks a sender that is too fast.

    Attributes:
        course: How the network treats the bytes that this end sends.
        waiting: The bytes that are still to be written to this end.
        slice: How many bytes of `waiting` are written at a time on a slow network; None: all.
        at_eof: The peer has closed its side for writing.
        closed: The socket of this end is closed.
    """

    def __init__(self, connection: "ProxiedConnection", sock: socket.socket) -> None:
        sock.setblocking(False)
        if is_tcp(sock):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.course = Course.FORWARD
        self.waiting = b""
        self.slice: int | None = None
        self.at_eof = False
        self.closed = False
        self.other: End
        self._connection = connection

    def on_ready(self, mask: int) -> None:
        """Handle that the socket can be read or written."""
        if mask & WRITE:
            self.write()
        if mask & READ and not self.closed and not self.other.waiting:
            self._read()

    def _read(self) -> None:
        try:
            count = self.sock.recv_into(_buffer)
        except BlockingIOError:
            return
        except OSError:
            self._connection.on_error(self)
            return
        if not count:
            self._connection.on_eof(self)
        elif self.course is Course.FORWARD:
            self._connection.on_data(self, _buffer[:count])
        elif self.course is Course.SLOW:
            self.other.delay(count)

    def forward(self, data: memoryview) -> None:
        """Write `data` after the waiting bytes; keep the bytes that cannot be written now."""
        if self.waiting:
            self.waiting += data
            return
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._connection.on_error(self)
            return
        if sent < len(data):
            self.enqueue(bytes(data[sent:]))

    def delay(self, count: int) -> None:
        """Keep the first `count` bytes of the buffer, and write them later and in slices."""
        self.slice = slice_size(count)
        self.enqueue(bytes(_buffer[:count]))
        self._connection.call_at(now_ns() + LATENCY_NS, self.write)

    def enqueue(self, data: bytes) -> None:
        self.waiting = data
        self._connection.update_watches()

    def write(self) -> None:
        """Write some of the waiting bytes.  A late timer may call this when nothing is waiting."""
        if self.closed or not self.waiting:
            return
        try:
            sent = self.sock.send(self.waiting[: self.slice])
        except BlockingIOError:
            sent = 0
        except OSError:
            self._connection.on_error(self)
            return
        self.waiting = self.waiting[sent:]
        if self.waiting and self.slice:
            self._connection.call_at(now_ns() + GAP_NS, self.write)
        else:
            self._connection.update_watches()

    def event_mask(self) -> int:
        """Return the events that the loop has to watch for."""
        silent = self.at_eof or self.course is Course.HOLD or self.other.waiting
        return (0 if silent else READ) | (WRITE if self.waiting and not self.slice else 0)


class ProxiedConnection:
    """Forwards the bytes of both ends, as far as the condition of the network allows.

    Args:
        opening: The bytes that the server gets first.
        on_closed: Is called once, when both ends are closed.
    """

    def __init__(
        self,
        loop: Loop,
        client: socket.socket,
        server: socket.socket,
        opening: bytes,
        on_closed: Callable[["ProxiedConnection"], None],
    ) -> None:
        self._loop = loop
        self._on_closed = on_closed
        self._condition = HEALTHY
        self.client, self.server = End(self, client), End(self, server)
        self.client.other, self.server.other = self.server, self.client
        self._ends = (self.client, self.server)
        self._masks = [0, 0]
        self.call_at = loop.call_at
        self.server.enqueue(opening)

    # Events of the ends

    def on_data(self, end: End, data: memoryview) -> None:
        """Handle bytes from `end`.  The memory of `data` is reused afterwards."""
        end.other.forward(data)

    def on_eof(self, end: End) -> None:
        """Handle EOF from `end`: close the other end for writing, unless the network loses that."""
        end.at_eof = True
        other = end.other
        if other.closed or other.at_eof:
            self._close(cut)
            return
        if end.course < Course.LOSE:
            try:
                other.sock.shutdown(socket.SHUT_WR)
            except OSError:
                self.on_error(other)
                return
        self.update_watches()

    def on_error(self, end: End) -> None:
        """Handle a reset of `end`: reset the other end, unless the network loses that; then the other end has no peer."""
        if end.course < Course.LOSE or end.other.closed or end.other.at_eof:
            self._close(reset)
            return
        self._close_end(end, cut)
        self._set_condition(LOST)

    # Faults

    def inject(self, kind: NetworkFault) -> None:
        if kind == "reset":
            self._close(reset)
        elif kind == "cut":
            self._close(cut)
        else:
            self._set_condition(self._condition.worsened(CONDITIONS[kind]))

    def heal(self) -> None:
        """Make the network healthy; reset the connection if it may have lost bytes."""
        if self._condition.lossy:
            self._close(reset)
        else:
            self._set_condition(HEALTHY)

    # The condition of the network

    def _set_condition(self, condition: Condition) -> None:
        self._condition = condition
        self.client.course, self.server.course = condition
        for end in self._ends:
            if end.course is Course.HOLD:
                self._vanish(end)
            if end.course >= Course.LOSE:
                end.other.waiting = b""
            if end.course is not Course.SLOW:
                end.other.slice = None
        self.update_watches()

    def _vanish(self, end: End) -> None:
        """Make `end` vanish as soon as its peer has acknowledged all bytes, so that the kernel sends nothing again."""
        if end.closed:
            return
        if unacknowledged(end.sock):
            self.call_at(now_ns() + GAP_NS, partial(self._vanish, end))
        else:
            vanish(end.sock)

    def update_watches(self) -> None:
        """Make the loop watch for the events that the ends need now."""
        for index, end in enumerate(self._ends):
            mask = 0 if end.closed else end.event_mask()
            if mask != self._masks[index]:
                self._masks[index] = mask
                self._loop.watch(end.sock, mask, end.on_ready)

    def _close(self, close: Callable[[socket.socket], None]) -> None:
        if self.client.closed and self.server.closed:
            # forwarding the last bytes of one end has shown that the other is closed, too
            return
        for end in self._ends:
            self._close_end(end, close)
        self._on_closed(self)

    def _close_end(self, end: End, close: Callable[[socket.socket], None]) -> None:
        if not end.closed:
            end.closed = True
            self.update_watches()
            close(end.sock)
