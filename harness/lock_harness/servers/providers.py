"""Decides which server is used: one that the user named, an embedded one, or a container."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from lock_harness.core.errors import UserError
from lock_harness.servers import address
from lock_harness.servers.container import container_server
from lock_harness.servers.embedded import embedded_server
from lock_harness.servers.environment import from_environment
from lock_harness.servers.named import named_server
from lock_harness.servers.server import Server

NONE = "none"


@contextlib.contextmanager
def open_server(choice: str | None) -> Iterator[Server]:
    """Yield the server that the user chose, for a `with` block.

    `choice` is a connection string, `embedded` or `container`.  By default the environment names the server; if it names
    none, an embedded server is started.
    """
    found = None if choice else from_environment()
    choice = choice or (found.choice if found else "embedded")
    if choice == NONE:
        raise UserError("--pg none: this command needs a server; omit --pg to start an embedded one")
    if choice == "embedded":
        with embedded_server() as server:
            yield server
    elif choice == "container":
        with container_server() as server:
            yield server
    else:
        yield _named(choice, found.variables if found else "")


def expected_server(choice: str | None) -> Server | None:
    """Return what is known of the chosen server before it is opened; None if the user chose to have none."""
    found = None if choice else from_environment()
    choice = choice or (found.choice if found else "embedded")
    if choice == NONE:
        return None
    if choice in ("embedded", "container"):
        kind: Literal["embedded", "container"] = "embedded" if choice == "embedded" else "container"
        return Server("", "postgresql://localhost", kind, "")
    return Server("", address.address_before_connecting(choice), "named", "")


def describe_choice(choice: str | None) -> str:
    """Return which server would be opened, without opening it and without a password."""
    found = None if choice else from_environment()
    chosen = choice or (found.choice if found else "embedded")
    if chosen in ("embedded", "container", NONE):
        return chosen
    origin = f", address from {found.variables}" if found else ""
    return f"{address.display_name(address.validate(chosen))}{origin}"


def is_none(choice: str | None) -> bool:
    """Return whether the user chose to have no server, by an option or by the environment."""
    found = None if choice else from_environment()
    return NONE == (found.choice if found else choice)


def _named(choice: str, variables: str) -> Server:
    """Return the server at this address, which these environment variables name unless an option does."""
    try:
        return replace(named_server(choice), named_by=variables)
    except UserError as error:
        if not variables:
            raise
        raise UserError(f"{error} (named by {variables}; --pg embedded starts a server instead)") from None
