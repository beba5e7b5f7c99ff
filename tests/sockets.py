"""Plain sockets with a proxy in between, into which tests inject faults."""

import contextlib
import select
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lock_harness.wire.proxy import Proxy, proxy

NAME = "lock-harness/test/a0"
# for bytes that must arrive: milliseconds, unless the machine is very busy
SOON_S = 20.0
NEVER_S = 0.2  # for bytes that must not arrive
PATTERN = bytes(range(256))
CANCEL = struct.pack("!IIII", 16, 80877102, 1234, 5678)


def startup(name: str) -> bytes:
    body = b"".join(word.encode() + b"\0" for word in ("user", "bob", "application_name", name)) + b"\0"
    return struct.pack("!II", 8 + len(body), 3 << 16) + body


def connect(host: str, port: int) -> socket.socket:
    if host.startswith("/"):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(f"{host}/.s.PGSQL.{port}")
    else:
        sock = socket.create_connection((host, port))
    sock.settimeout(SOON_S)
    return sock


@dataclass
class World:
    """A proxy in front of a server that is only a listening socket."""

    proxy: Proxy
    listener: socket.socket
    stack: contextlib.ExitStack

    def connection(self, name: str = NAME) -> tuple[socket.socket, socket.socket]:
        """Return both ends of a connection through the proxy, after the startup message."""
        client = self.call(startup(name))
        return client, self.answer(startup(name))

    def call(self, opening: bytes) -> socket.socket:
        client = self.stack.enter_context(connect(self.proxy.host, self.proxy.port))
        client.sendall(opening)
        return client

    def answer(self, opening: bytes) -> socket.socket:
        """Return the server's end of the next connection, which must begin with `opening`."""
        server = self.stack.enter_context(self.listener.accept()[0])
        server.settimeout(SOON_S)
        assert exactly(server, len(opening)) == opening
        return server


@contextlib.contextmanager
def world(place: Path | None) -> Iterator[World]:
    """Run a proxy on TCP, or on Unix sockets in `place`."""
    with contextlib.ExitStack() as stack:
        if place:
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(place / "server"))
            listener.listen()
        else:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.settimeout(SOON_S)
        running = stack.enter_context(proxy(listener.getsockname(), place))
        # the proxy connects once to check the server
        listener.accept()[0].close()
        yield World(running, listener, stack)


def exactly(sock: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = sock.recv(count - len(data))
        assert more, f"closed after {len(data)} of {count} bytes"
        data += more
    return bytes(data)


def silent(*socks: socket.socket) -> bool:
    """Return whether nothing arrives: no byte, no EOF, no error."""
    return not select.select(socks, [], [], NEVER_S)[0]


def passes(source: socket.socket, target: socket.socket) -> bool:
    source.sendall(b"hello")
    return exactly(target, 5) == b"hello"


def is_reset(sock: socket.socket) -> bool:
    with pytest.raises(ConnectionResetError):
        sock.recv(1)
    return True


def die(sock: socket.socket) -> None:
    """Close as the kernel does for a killed process with unread bytes."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def fill(sock: socket.socket) -> int:
    """Send until the socket blocks; return the number of bytes sent."""
    sock.settimeout(NEVER_S)
    sent, block = 0, PATTERN * 1024
    with contextlib.suppress(TimeoutError):
        while sent < 1 << 30:
            sent += sock.send(block[sent % 256 :])
    assert sent < 1 << 30
    sock.settimeout(SOON_S)
    return sent
