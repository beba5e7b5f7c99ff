"""Our side of the proxy: starts it, tells it what to break, and waits until it is broken.

The proxy is a process of its own.  As a thread of ours it would wait for the interpreter's lock, five
milliseconds at a time, whenever we compute, and every client would seem slow.  It reads the other end of a
socket that we hold: when that closes, since we are done or since we were killed, it ends and all its
connections with it.
"""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from lock_harness.core.errors import MachineError, one_line
from lock_harness.core.fault import NetworkFault
from lock_harness.wire.network import unavailable
from lock_harness.wire.service import Address, ProxyCommand

CONNECT_TIMEOUT_S = 5
LOOPBACK = "127.0.0.1"
PORT = 5432  # names the Unix socket in its directory, and that is all it does


class Proxy:
    """A running proxy.  Clients connect to `host` (a directory, if it is a Unix socket) and `port`.

    Any thread may give orders; they are carried out one at a time.
    """

    def __init__(self, host: str, port: int, pid: int, control: socket.socket) -> None:
        self.host = host
        self.port = port
        self.pid = pid
        self._control = control
        self._answers = control.makefile("rb")
        self._one_at_a_time = threading.Lock()

    def inject(self, application_name: str, kind: NetworkFault) -> bool:
        """Break the newest connection with this application_name; return when it is broken.

        False if there is none.  `MachineError` if this machine cannot do that.  On Unix sockets, which have no
        packets, reset is like cut, and half_open only holds up what is said.
        """
        if why := unavailable(kind):
            raise MachineError(why)
        return self._execute(ProxyCommand(application_name, kind))

    def heal(self, application_name: str) -> bool:
        """Let the network be well again: a slow connection speeds up, one that may have lost bytes is reset.

        False if there is no such connection any more.
        """
        return self._execute(ProxyCommand(application_name))

    def _execute(self, command: ProxyCommand) -> bool:
        return msgspec.json.decode(self._request(command), type=bool)

    def _request(self, command: msgspec.Struct) -> bytes:
        """What the proxy says to an order, which is carried out then."""
        with self._one_at_a_time:
            try:
                self._control.sendall(msgspec.json.encode(command) + b"\n")
                answer = self._answers.readline()
            except ConnectionError:
                answer = b""
        if not answer:
            raise MachineError("the proxy between clients and server has ended; was it killed?")
        return answer

    def close(self) -> None:
        self._answers.close()
        self._control.close()


P = TypeVar("P", bound=Proxy)


@contextlib.contextmanager
def proxy(server: Address, directory: Path | None = None) -> Iterator[Proxy]:
    """A proxy in front of `server` for the length of a `with` block.

    It listens on a free port of 127.0.0.1; or, if a directory is given, on a Unix socket there.  A server that
    trusts whoever comes by its Unix socket should not be put behind a port.  `MachineError` if `server` does not
    answer.
    """
    with run_proxy(Proxy, "lock_harness.wire.service", server, directory) as running:
        yield running


@contextlib.contextmanager
def run_proxy(
    kind: type[P], module: str, server: Address, directory: Path | None = None, *arguments: str
) -> Iterator[P]:
    """The same with a process that runs `module`, which is given `arguments` besides."""
    reached = _reached(server)
    listener = _listen(directory)
    host, port = (str(directory), PORT) if directory else listener.getsockname()
    ours, its = socket.socketpair()
    with listener, its:
        fds = [listener.fileno(), its.fileno()]
        process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, fds), msgspec.json.encode(reached), *arguments],
            stdin=subprocess.DEVNULL,
            pass_fds=fds,
            start_new_session=True,  # a Ctrl-C in the terminal is for us
        )
    running = kind(host, port, process.pid, ours)
    try:
        yield running
    finally:
        running.close()
        process.kill()
        process.wait()
        if directory:
            _path(directory).unlink(missing_ok=True)


def _reached(server: Address) -> Address:
    """Where a connection to `server` leads: its numbers, if it was a name."""
    try:
        if isinstance(server, tuple):
            with socket.create_connection(server, CONNECT_TIMEOUT_S) as probe:
                host, port = probe.getpeername()[:2]
                return host, port
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(server)
    except OSError as error:
        raise MachineError(f"no server answers at {server}: {one_line(error)}; does it run?") from None
    return server


def _listen(directory: Path | None) -> socket.socket:
    if directory is None:
        return socket.create_server((LOOPBACK, 0))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(_path(directory)))
    listener.listen()
    return listener


def _path(directory: Path) -> Path:
    """Where libpq looks for a Unix socket in `directory`."""
    return directory / f".s.PGSQL.{PORT}"
