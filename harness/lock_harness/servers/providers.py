"""Decides which server is used: one that the user named, an embedded one, or a container."""

import contextlib
from collections.abc import Iterator

from lock_harness.core.errors import UserError
from lock_harness.servers.container import container_server
from lock_harness.servers.embedded import embedded_server
from lock_harness.servers.environment import from_environment
from lock_harness.servers.named import named_server
from lock_harness.servers.server import Server

NONE = "none"


@contextlib.contextmanager
def open_server(choice: str | None) -> Iterator[Server]:
    """Yield the server that the user chose, for a `with` block.

    `choice` is a connection string, `embedded` or `container`.  By default the environment variable
    HYPERDRIVE_CONNECTION_STRING names the server; if it is not set, an embedded server is started.
    """
    choice = choice or from_environment() or "embedded"
    if choice == NONE:
        raise UserError("--pg none: this command needs a server; omit --pg to start an embedded one")
    if choice == "embedded":
        with embedded_server() as server:
            yield server
    elif choice == "container":
        with container_server() as server:
            yield server
    else:
        yield named_server(choice)
