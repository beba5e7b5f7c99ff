"""Our side of the gate: starts it, opens it for a program, and gets the record back."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from lock_harness.core.history import Move
from lock_harness.core.program import Program
from lock_harness.gate.service import Close, GoOn, Open, Player, Watch
from lock_harness.servers import address
from lock_harness.wire.proxy import Proxy, run_proxy


class Gate(Proxy):
    """A running gate.  While it is not open, it is a proxy like any other that nobody breaks."""

    def watch(self, dsn: str) -> None:
        self._request(Watch(dsn))

    def open(self, program: Program, players: Sequence[Player]) -> None:
        """From now on these are let through as the program says: one at a time, or in a race at once."""
        self._request(Open(program, tuple(players)))

    def go_on(self, actor: int, player: Player) -> None:
        """The fault that the gate asked for has struck this actor, who is now `player`."""
        self._request(GoOn(actor, player))

    def shut(self) -> tuple[Move, ...]:
        """The program is over: what was let through in it, in order."""
        return msgspec.json.decode(self._request(Close()), type=tuple[Move, ...])


@contextlib.contextmanager
def gate(dsn: str, directory: Path) -> Iterator[Gate]:
    """A gate before the server for actors that have their mailboxes in `directory`.

    A server that is reached by a Unix socket is reached by another one there, which is quicker than TCP.
    """
    place = address.place(dsn)
    listen = directory if isinstance(place, str) else None
    with run_proxy(Gate, "lock_harness.gate.service", place, listen, str(directory)) as running:
        running.watch(dsn)
        yield running
