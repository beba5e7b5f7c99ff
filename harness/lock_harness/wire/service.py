"""The process of the proxy: it accepts clients, reads their application_names, connects them, and executes commands."""

import contextlib
import socket
import struct
import sys
from functools import partial

import msgspec

from lock_harness.core.fault import NetworkFault
from lock_harness.wire.connection import ProxiedConnection
from lock_harness.wire.loop import READ, Loop
from lock_harness.wire.network import CONDITIONS, cut, reset
from lock_harness.wire.startup import LONGEST, StartupError, StartupMessage, StartupReader

Address = tuple[str, int] | str  # host and port, or the path of a Unix socket


class ProxyCommand(msgspec.Struct, frozen=True, tag=True):
    """Inject the fault `kind` into all connections of this application_name; without a kind, heal them."""

    application_name: str
    kind: NetworkFault | None = None


_commands = msgspec.json.Decoder(ProxyCommand)


class ProxyService:
    """Serves the clients of `listener` until the other end of `control` is closed.

    A command is one line of JSON on `control`.  Its answer, also one line, is sent when the command has taken
    effect: `true`, or `false` if there is no such connection.
    """

    def __init__(self, listener: socket.socket, server: Address, control: socket.socket) -> None:
        self._listener = listener
        self._server = server
        self._control = control
        self._loop = Loop()
        # the connections with their application_names, oldest first
        self._connections: dict[ProxiedConnection, str] = {}
        # the lasting faults of each application_name, which hit the connections that are opened meanwhile, too
        self._faults: dict[str, list[NetworkFault]] = {}
        self._line = b""

    def run(self) -> None:
        self._listener.setblocking(False)
        self._loop.watch(self._listener, READ, self._accept)
        self._loop.watch(self._control, READ, self._read_command)
        self._loop.run()

    def _accept(self, _: int) -> None:
        # the client may have closed its connection already
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            client = self._listener.accept()[0]
            client.setblocking(False)
            self._loop.watch(client, READ, partial(self._read_startup, client, StartupReader()))

    def _read_startup(self, client: socket.socket, reader: StartupReader, _: int) -> None:
        """Read until the startup packet is complete; close the connection if the client closes it or sends garbage."""
        try:
            open_ = _feed_startup(client, reader)
        except BlockingIOError:
            return
        except OSError:
            open_ = False
        if open_ and reader.packet is None:
            return
        self._loop.watch(client, 0, self._accept)
        if open_:
            self._connect(client, reader)
        else:
            cut(client)

    def _connect(self, client: socket.socket, reader: StartupReader) -> None:
        try:
            server = begin_connecting(self._server)
        except OSError:
            # the server does not run any more
            reset(client)
            return
        packet = reader.packet
        name = packet.application_name if isinstance(packet, StartupMessage) else ""
        connection = self._new_connection(client, server, reader, name)
        self._connections[connection] = name
        for kind in self._faults.get(name, ()):
            connection.inject(kind)

    def _new_connection(
        self, client: socket.socket, server: socket.socket, reader: StartupReader, _name: str
    ) -> ProxiedConnection:
        return ProxiedConnection(self._loop, client, server, reader.forward, self._on_connection_closed)

    def _on_connection_closed(self, connection: ProxiedConnection) -> None:
        del self._connections[connection]

    def _read_command(self, _: int) -> None:
        data = b""
        with contextlib.suppress(ConnectionError):
            data = self._control.recv(LONGEST)
        if not data:
            # the harness has closed the proxy, or has ended
            self._loop.stop()
            return
        self._line += data
        if self._line.endswith(b"\n"):
            answer = self._handle_command(self._line)
            self._line = b""
            with contextlib.suppress(ConnectionError):
                self._control.sendall(answer + b"\n")

    def _handle_command(self, line: bytes) -> bytes:
        """Execute the command in `line`; return its answer."""
        return msgspec.json.encode(self._execute(_commands.decode(line)))

    def _execute(self, command: ProxyCommand) -> bool:
        kind, name = command.kind, command.application_name
        connections = [connection for connection, one in self._connections.items() if one == name]
        if kind is None:
            self._faults.pop(name, None)
        elif connections and kind in CONDITIONS:
            self._faults.setdefault(name, []).append(kind)
        for connection in connections:
            if kind:
                connection.inject(kind)
            else:
                connection.heal()
        return bool(connections)


def _feed_startup(client: socket.socket, reader: StartupReader) -> bool:
    """Read from the client and answer it; return False if the connection has to be closed."""
    data = client.recv(LONGEST)
    try:
        answer = reader.feed(data)
    except StartupError as error:
        client.send(error_response(str(error)))
        return False
    if answer:
        client.send(answer)
    return bool(data)


def begin_connecting(server: Address) -> socket.socket:
    """Return a socket that is being connected.  If that fails, the first use of the socket raises the error."""
    if isinstance(server, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(server)
        return sock
    sock = socket.socket(socket.AF_INET6 if ":" in server[0] else socket.AF_INET)
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        sock.connect(server)
    return sock


def error_response(why: str) -> bytes:
    """Return the ErrorResponse that a server would send before it closes the connection."""
    fields = b"".join(
        code + text.encode() + b"\0"
        for code, text in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", "08P01"), (b"M", why))
    )
    return b"E" + struct.pack("!I", 4 + len(fields) + 1) + fields + b"\0"


def inherited_sockets(
    listener: str, control: str, server: str
) -> tuple[socket.socket, Address, socket.socket]:
    """Return the arguments of a `ProxyService` from those of its process."""
    address: Address = msgspec.json.decode(server, type=Address)
    return socket.socket(fileno=int(listener)), address, socket.socket(fileno=int(control))


if __name__ == "__main__":
    ProxyService(*inherited_sockets(*sys.argv[1:])).run()
