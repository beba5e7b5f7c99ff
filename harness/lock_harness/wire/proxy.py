"""The harness's side of the proxy: starts its process, and injects and heals faults by commands.

The proxy is a separate process.  As a thread of the harness it would wait for the interpreter lock, five
milliseconds at a time, whenever the harness computes, and every client would seem slow.  The proxy reads the other
end of a control socket of the harness.  When that socket closes, because the harness is done or was killed, the
proxy ends and closes all its connections.
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
from lock_harness.wire.network import why_unavailable
from lock_harness.wire.service import Address, ProxyCommand

CONNECT_TIMEOUT_S = 5
LOOPBACK = "127.0.0.1"
PORT = 5432  # part of the name of the Unix socket


class Proxy:
    """A running proxy.  Clients connect to `port` of `host`, which is the directory of a Unix socket or an address.

    Any thread may send commands.  They are executed one at a time.
    """

    def __init__(self, host: str, port: int, pid: int, control: socket.socket) -> None:
        self.host = host
        self.port = port
        self.pid = pid
        self._control = control
        self._responses = control.makefile("rb")
        self._command_lock = threading.Lock()

    def inject(self, application_name: str, kind: NetworkFault) -> bool:
        """Inject a fault into all connections with this application_name; return when it has taken effect.

        A lasting fault also hits those that are opened until it is healed.  Returns False if there is no such
        connection, and then injects nothing.  On Unix sockets, which have no packets, `reset` is like
        `cut`, and `half_open` only holds bytes back.

        Raises:
            MachineError: This machine cannot inject the fault.
        """
        if why := why_unavailable(kind):
            raise MachineError(why)
        return self._execute(ProxyCommand(application_name, kind))

    def heal(self, application_name: str) -> bool:
        """Make the network of this application_name healthy.

        A slow connection becomes fast, and one that may have lost bytes is reset.  Returns False if there is no such
        connection any more.
        """
        return self._execute(ProxyCommand(application_name))

    def _execute(self, command: ProxyCommand) -> bool:
        return msgspec.json.decode(self._request(command), type=bool)

    def _request(self, command: msgspec.Struct) -> bytes:
        """Send a command; return the answer of the proxy when it has executed the command."""
        with self._command_lock:
            try:
                self._control.sendall(msgspec.json.encode(command) + b"\n")
                answer = self._responses.readline()
            except ConnectionError:
                answer = b""
        if not answer:
            raise MachineError("the proxy between clients and server has ended; was its process killed?")
        return answer

    def close(self) -> None:
        self._responses.close()
        self._control.close()


P = TypeVar("P", bound=Proxy)


@contextlib.contextmanager
def proxy(server: Address, directory: Path | None = None) -> Iterator[Proxy]:
    """Run a proxy in front of `server` for a `with` block.

    The proxy listens on a free port of 127.0.0.1 or, if `directory` is given, on a Unix socket there.  A server
    that trusts every client of its Unix socket should not be put behind a port.

    Raises:
        MachineError: `server` does not answer.
    """
    with run_proxy(Proxy, "lock_harness.wire.service", server, directory) as running:
        yield running


@contextlib.contextmanager
def run_proxy(
    kind: type[P], module: str, server: Address, directory: Path | None = None, *arguments: str
) -> Iterator[P]:
    """Run a proxy whose process runs `module` with `arguments`, and control it by an object of class `kind`."""
    resolved = _resolve(server)
    listener = _listen(directory)
    host, port = (str(directory), PORT) if directory else listener.getsockname()
    ours, its = socket.socketpair()
    with listener, its:
        fds = [listener.fileno(), its.fileno()]
        process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, fds), msgspec.json.encode(resolved), *arguments],
            stdin=subprocess.DEVNULL,
            pass_fds=fds,
            start_new_session=True,  # a Ctrl-C in the terminal is for the harness
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


def _resolve(server: Address) -> Address:
    """Connect to `server` once; return its address, with the numeric address of its host instead of a name."""
    try:
        if isinstance(server, tuple):
            with socket.create_connection(server, CONNECT_TIMEOUT_S) as probe:
                host, port = probe.getpeername()[:2]
                return host, port
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(server)
    except OSError as error:
        raise MachineError(f"no server answers at {server}: {one_line(error)}; is it running?") from None
    return server


def _listen(directory: Path | None) -> socket.socket:
    if directory is None:
        return socket.create_server((LOOPBACK, 0))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(_path(directory)))
    listener.listen()
    return listener


def _path(directory: Path) -> Path:
    """Return the path at which libpq expects the Unix socket in `directory`."""
    return directory / f".s.PGSQL.{PORT}"
