"""A loopback port that stays reserved while the server that listens there restarts."""

import contextlib
import socket
import sys
from collections.abc import Iterator

LOOPBACK = "127.0.0.1"


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """Reserve a free TCP port of loopback for a `with` block.

    The port is bound, but nothing listens there.  So Linux does not assign it to a process that asks for any free
    port, and refuses connections to it.  A server that asks for this port with SO_REUSEADDR, as servers do, can
    listen there repeatedly.  Other systems do not allow that: there the port is not kept bound, and is only likely
    to stay free.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        port = int(holder.getsockname()[1])
        if sys.platform != "linux":
            holder.close()
        yield port
