"""What stands before the gate, and what can be asked of the connection by which it came."""

from collections.abc import Callable
from typing import NamedTuple, Protocol


class HeldConnection(Protocol):
    """The connection by which a client says something."""

    def hold_back(self) -> None:
        """From now on keep what the server answers."""
        ...

    def pass_on(self, half: bool = False) -> None:
        """Let the client have what was kept and what comes; with `half` only the first half of what was kept."""
        ...

    def await_end(self) -> None:
        """The server ends the session: count that as an answer, with which comes what was kept."""
        ...

    def forget(self) -> None:
        """What still waits here was never said."""
        ...


class PendingRequest(NamedTuple):
    """A step (without `text`), or what a client says to the server; `let_through` lets it through.

    `only_prepares`: it only prepares, and whether a client does that can depend on what it did long ago, so it is no move.
    """

    text: str | None
    let_through: Callable[[], None]
    only_prepares: bool = False
    connection: HeldConnection | None = None
