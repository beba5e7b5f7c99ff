"""What waits at the gate, and what a fault needs of the connection on which it came."""

from collections.abc import Callable
from typing import NamedTuple, Protocol


class HeldConnection(Protocol):
    """The connection of a client whose request is held."""

    def hold_back(self) -> None:
        """From now on hold back from the client what the server sends."""
        ...

    def pass_on(self, half: bool = False) -> None:
        """Pass on what was held back, and hold back no more; with `half`, pass on the first half and go on holding."""
        ...

    def await_end(self) -> None:
        """Count the end of the session as a reply; what was held back is passed on then."""
        ...

    def forget(self) -> None:
        """Discard what is held: the client is dead, and the server must never get it."""
        ...


class PendingRequest(NamedTuple):
    """A step (then `text` is None), or a batch of messages to the server.  `let_through` lets it pass.

    A batch that `only_prepares` is no move: whether a client library prepares may depend on what it did long before.
    """

    text: str | None
    let_through: Callable[[], None]
    only_prepares: bool = False
    connection: HeldConnection | None = None
