"""What real clients and a real server said to each other, as it came over the wire.

Made by `python -m tests.captures`, which needs node and npm.
"""

from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

DIRECTORY = Path(__file__).parent
Side = Literal["client", "server"]


class Said(NamedTuple):
    """What one read gave: whose bytes, and which."""

    side: Side
    data: bytes  # base64 in the file


Session = list[Said]  # after the startup packet


def load(name: str) -> dict[str, Session]:
    """The sessions of one client, by what they show."""
    return msgspec.json.decode((DIRECTORY / f"{name}.json").read_bytes(), type=dict[str, Session])


def said(session: Session, side: Side) -> bytes:
    return b"".join(data for speaker, data in session if speaker == side)
