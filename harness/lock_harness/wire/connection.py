"""One client's connection to the server: two ends, and a network between them that may be ill."""

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

_buffer = memoryview(bytearray(CHUNK))  # what was just read and is written on at once; one thread uses it


class End:
    """One end: its socket, what the network does to what it says, and what is on its way to it.

    While anything is on its way to an end, the other is not read from: so no more than one chunk is ever kept
    here, and a sender that is too fast is stopped by its own kernel.
    """

    def __init__(self, connection: "ProxiedConnection", sock: socket.socket) -> None:
        sock.setblocking(False)
        if is_tcp(sock):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.course = Course.FORWARD
        self.waiting = b""
        self.slice: int | None = None  # how much of `waiting` is written at a time, if it is slowed down
        self.at_eof = False  # it has said that it will say no more
        self.closed = False
        self.other: End
        self._connection = connection

    def on_ready(self, mask: int) -> None:
        """The loop says that the socket can be read or written."""
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
        """Write these bytes, after those on their way, and keep what does not go now."""
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
            self.keep(bytes(data[sent:]))

    def delay(self, count: int) -> None:
        """Keep the first `count` bytes of the buffer, to be written late and piece by piece."""
        self.slice = slice_size(count)
        self.keep(bytes(_buffer[:count]))
        self._connection.call_at(now_ns() + LATENCY_NS, self.write)

    def keep(self, data: bytes) -> None:
        self.waiting = data
        self._connection.update_watches()

    def write(self) -> None:
        """Write some of what is on its way.  Called for nothing when a timer is late, it does no harm."""
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

    def events(self) -> int:
        """What the loop should look for."""
        silent = self.at_eof or self.course is Course.HOLD or self.other.waiting
        return (0 if silent else READ) | (WRITE if self.waiting and not self.slice else 0)


class ProxiedConnection:
    """Passes on what either end says, as far as the network's condition lets it.  `opening` is for the server."""

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
        self.server.keep(opening)

    # What the ends tell

    def on_data(self, end: End, data: memoryview) -> None:
        """`end` has said something.  The memory is used anew afterwards."""
        end.other.forward(data)

    def on_eof(self, end: End) -> None:
        """`end` has closed its side: the other hears of it, unless that is lost."""
        end.at_eof = True
        other = end.other
        if other.closed or other.at_eof:
            self._close(cut)
            return
        if end.course < Course.LOSE:
            try:
                other.sock.shutdown(socket.SHUT_WR)
            except OSError:  # it is not there any more
                self.on_error(other)
                return
        self.update_watches()

    def on_error(self, end: End) -> None:
        """`end` was reset: the other hears of it, unless that is lost; then it talks to nobody from now on."""
        if end.course < Course.LOSE or end.other.closed or end.other.at_eof:
            self._close(reset)
            return
        self._part(end, cut)
        self._become(LOST)

    # What is done to it

    def inject(self, kind: NetworkFault) -> None:
        if kind == "reset":
            self._close(reset)
        elif kind == "cut":
            self._close(cut)
        else:
            self._become(self._condition.worsened(CONDITIONS[kind]))

    def heal(self) -> None:
        """A connection that may have lost bytes does not come back: it is reset."""
        if self._condition.lossy:
            self._close(reset)
        else:
            self._become(HEALTHY)

    # The network

    def _become(self, condition: Condition) -> None:
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
        """But not before the peer has acknowledged all, else our kernel would send it again and again."""
        if end.closed:
            return
        if unacknowledged(end.sock):
            self.call_at(now_ns() + GAP_NS, partial(self._vanish, end))
        else:
            vanish(end.sock)

    def update_watches(self) -> None:
        """Have the loop look for what the ends want now."""
        for index, end in enumerate(self._ends):
            mask = 0 if end.closed else end.events()
            if mask != self._masks[index]:
                self._masks[index] = mask
                self._loop.watch(end.sock, mask, end.on_ready)

    def _close(self, how: Callable[[socket.socket], None]) -> None:
        if self.client.closed and self.server.closed:
            return  # telling one end what the other had said last showed that it is gone, too
        for end in self._ends:
            self._part(end, how)
        self._on_closed(self)

    def _part(self, end: End, how: Callable[[socket.socket], None]) -> None:
        if not end.closed:
            end.closed = True
            self.update_watches()
            how(end.sock)
