"""What an actor did, on paper that outlives it.

Each event is one JSON line, written with one system call straight into the kernel's page cache: SIGKILL,
which discards every buffer of a process, does not reach what is written here.
"""

import os
from pathlib import Path

import msgspec

from harness.model import Event, Stall

_encoder = msgspec.json.Encoder()


class Journal:
    """The writing side, in the actor."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, event: Event | Stall) -> None:
        os.write(self._file, _encoder.encode(event) + b"\n")


class JournalReader:
    """The reading side, in the conductor; it reads each event once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> list[Event]:
        """The events since the last call.  A last line that a dying writer left incomplete is not there."""
        return msgspec.json.Decoder(Event).decode_lines(self._new_lines())

    def read_stalls(self) -> list[Stall]:
        """The same for a journal of stalls."""
        return msgspec.json.Decoder(Stall).decode_lines(self._new_lines())

    def _new_lines(self) -> bytes:
        try:
            with open(self._path, "rb", buffering=0) as file:
                file.seek(self._offset)
                text = file.readall() or b""
        except FileNotFoundError:
            return b""
        text = text[: text.rfind(b"\n") + 1]
        self._offset += len(text)
        return text
