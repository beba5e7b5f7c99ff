"""Recorded sessions of real clients with a real server, as bytes on the wire.

They are recorded by `python -m tests.captures`, which needs node and npm.
"""

from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

DIRECTORY = Path(__file__).parent
Side = Literal["client", "server"]


class Chunk(NamedTuple):
    """The bytes of one read, and the side that sent them."""

    side: Side
    data: bytes  # base64 in the file


Session = list[Chunk]  # after the startup packet


def load(name: str) -> dict[str, Session]:
    """Return the sessions of one client by their titles."""
    return msgspec.json.decode((DIRECTORY / f"{name}.json").read_bytes(), type=dict[str, Session])


def bytes_of(session: Session, side: Side) -> bytes:
    return b"".join(data for sender, data in session if sender == side)
