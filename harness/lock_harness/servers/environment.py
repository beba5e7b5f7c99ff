"""The environment variables that name the server."""

import os
from typing import NamedTuple

EXAMPLE = "postgresql://user:password@host:5432/database"

OWN_VARIABLE = "LOCK_HARNESS_PG"
# the variable of the application that has the lock
VARIABLE = "HYPERDRIVE_CONNECTION_STRING"

# a connection string that leaves everything to libpq
LEFT_TO_LIBPQ = "postgresql://"


class NamedBy(NamedTuple):
    """The server that the environment names.

    Attributes:
        choice: A connection string, or another value of `--pg`.
        variables: The variables that name it.
    """

    choice: str
    variables: str


def from_environment() -> NamedBy | None:
    """Return the server that the environment names; None if it names none.

    The variables of libpq name a server if they name its database, too: advisory locks belong to a database.  A variable
    that merely says how to log in, such as PGUSER, names nothing.
    """
    for variable in (OWN_VARIABLE, VARIABLE):
        if value := os.environ.get(variable):
            return NamedBy(value, variable)
    if os.environ.get("PGSERVICE"):
        return NamedBy(LEFT_TO_LIBPQ, "PGSERVICE")
    host = next((name for name in ("PGHOST", "PGHOSTADDR") if os.environ.get(name)), None)
    if host and os.environ.get("PGDATABASE"):
        return NamedBy(LEFT_TO_LIBPQ, f"{host} and PGDATABASE")
    return None
