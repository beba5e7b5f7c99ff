"""A loopback port that stays ours, also while the server that listens there is down."""

import contextlib
import socket
import sys
from collections.abc import Iterator

LOOPBACK = "127.0.0.1"


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A free TCP port of loopback, which nobody is given by chance during the `with` block.

    We bind it and do not listen.  Linux then gives it to nobody who asks for any port, neither to listen
    nor to connect from, and refuses those who connect to it; but a server that asks for this very port
    with SO_REUSEADDR, as servers do, may listen there, again and again.  Elsewhere that is not so: the
    port is let go of, and is free most likely.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        port = int(holder.getsockname()[1])
        if sys.platform != "linux":
            holder.close()
        yield port
