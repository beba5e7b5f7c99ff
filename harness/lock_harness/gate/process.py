"""The harness's side of the gate: start the gate process, open it for a program, get the moves back."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from lock_harness.core.history import Move
from lock_harness.core.program import Program
from lock_harness.gate.commands import ActorInfo, CloseGate, ObserveServer, OpenGate, ReportInjected
from lock_harness.servers import address
from lock_harness.servers.server import Server
from lock_harness.wire.proxy import Proxy, run_proxy


class Gate(Proxy):
    """The handle of a running gate process.  While the gate is not open, every request passes, as through any proxy."""

    def observe_server(self, dsn: str) -> None:
        """Let the gate ask this server which session waits for which."""
        self._request(ObserveServer(dsn))

    def open_gate(self, program: Program, actors: Sequence[ActorInfo]) -> None:
        """From now on queue the requests of these actors, as the program says; in a race only record them."""
        self._request(OpenGate(program, tuple(actors)))

    def report_injected(self, actor: int, info: ActorInfo) -> None:
        """Report that the fault is injected.  `info` describes the actor as it is now."""
        self._request(ReportInjected(actor, info))

    def close_gate(self) -> tuple[Move, ...]:
        """Let every request pass from now on.  Return the moves of the program, in order."""
        return msgspec.json.decode(self._request(CloseGate()), type=tuple[Move, ...])


@contextlib.contextmanager
def run_gate(server: Server, directory: Path) -> Iterator[Gate]:
    """Run a gate before the server for actors that have their mailboxes in `directory`.

    If the user named the server by a Unix socket, which may trust every client, the gate listens on one, too.
    """
    place = address.endpoint(server.url)
    listen = directory if isinstance(place, str) else None
    with run_proxy(Gate, "lock_harness.gate.service", place, listen, str(directory)) as running:
        running.observe_server(server.dsn)
        yield running
