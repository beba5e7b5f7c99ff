"""A request that waits at the gate, and the methods of its connection that a fault needs."""

from collections.abc import Callable
from typing import NamedTuple, Protocol


class RequestConnection(Protocol):
    """The connection on which a request came, with the methods that a fault at that request needs."""

    def buffer_replies(self) -> None:
        """From now on buffer the server's bytes instead of passing them on to the client."""
        ...

    def pass_on(self, half: bool = False) -> None:
        """Pass on the buffered replies and buffer no more; with `half`, pass on the first half and continue to buffer."""
        ...

    def await_end(self) -> None:
        """Count the end of the session as a reply; buffered replies are passed on then."""
        ...

    def forget(self) -> None:
        """Discard the queued requests: the client is dead, and the server must never get them."""
        ...


class PendingRequest(NamedTuple):
    """A step (then `text` is None), or a batch of messages to the server.  `let_through` lets it pass.

    A batch that `only_prepares` is no move: whether a client library prepares may depend on its earlier statements.
    """

    text: str | None
    let_through: Callable[[], None]
    only_prepares: bool = False
    connection: RequestConnection | None = None
