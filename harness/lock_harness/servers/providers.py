"""The one place that decides where a server comes from."""

import contextlib
from collections.abc import Iterator

from lock_harness.core.errors import UserError
from lock_harness.servers import address
from lock_harness.servers.container import container_server
from lock_harness.servers.embedded import embedded_server
from lock_harness.servers.pooler import shared_sessions
from lock_harness.servers.server import Server, version_of

NONE = "none"


@contextlib.contextmanager
def open_server(choice: str | None) -> Iterator[Server]:
    """The server that the user chose, for the length of a `with` block.

    `choice` is a connection string, `embedded` or `container`; without one the environment variable
    HYPERDRIVE_CONNECTION_STRING decides, and without that one an embedded server is started.
    """
    choice = choice or address.from_environment() or "embedded"
    if choice == NONE:
        raise UserError("--pg none: this command needs a server; leave --pg out to have one started")
    if choice == "embedded":
        with embedded_server() as server:
            yield server
    elif choice == "container":
        with container_server() as server:
            yield server
    else:
        yield _named_server(address.check(choice))


def _named_server(dsn: str) -> Server:
    """A server that the user named; `UserError` if session locks cannot work through that address."""
    version = version_of(dsn)
    if (why := shared_sessions(dsn)) is not None:
        raise UserError(
            f"{address.shown(dsn)} is a pooler that breaks session locks ({why}): name the server itself, "
            "or a pooler in session mode; 'lock-harness doctor' tells more"
        )
    return Server(dsn, address.as_url(dsn), "named", version)
