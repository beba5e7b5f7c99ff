"""Our side of the gate: starts it, opens it for a program, and gets the record back."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from lock_harness.core.history import Move
from lock_harness.core.program import Program
from lock_harness.gate.service import ActorInfo, CloseGate, ObserveServer, OpenGate, ReportInjected
from lock_harness.servers import address
from lock_harness.wire.proxy import Proxy, run_proxy


class Gate(Proxy):
    """A running gate.  While it is not open, it is a proxy like any other that nobody breaks."""

    def observe_server(self, dsn: str) -> None:
        self._request(ObserveServer(dsn))

    def open_gate(self, program: Program, actors: Sequence[ActorInfo]) -> None:
        """From now on these are let through as the program says: one at a time, or in a race at once."""
        self._request(OpenGate(program, tuple(actors)))

    def report_injected(self, actor: int, info: ActorInfo) -> None:
        """The fault that the gate asked for has struck this actor, who is now `info`."""
        self._request(ReportInjected(actor, info))

    def close_gate(self) -> tuple[Move, ...]:
        """The program is over: what was let through in it, in order."""
        return msgspec.json.decode(self._request(CloseGate()), type=tuple[Move, ...])


@contextlib.contextmanager
def run_gate(dsn: str, directory: Path) -> Iterator[Gate]:
    """A gate before the server for actors that have their mailboxes in `directory`.

    A server that is reached by a Unix socket is reached by another one there, which is quicker than TCP.
    """
    place = address.endpoint(dsn)
    listen = directory if isinstance(place, str) else None
    with run_proxy(Gate, "lock_harness.gate.service", place, listen, str(directory)) as running:
        running.observe_server(dsn)
        yield running
