"""The environment variable that names the server."""

import os

VARIABLE = "HYPERDRIVE_CONNECTION_STRING"
EXAMPLE = "postgresql://user:password@host:5432/database"


def from_environment() -> str | None:
    """Return the value of HYPERDRIVE_CONNECTION_STRING; None if it is unset or empty."""
    return os.environ.get(VARIABLE) or None
