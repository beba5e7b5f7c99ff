"""The journal of an actor: a memory-mapped file of events that survives the death of its writer.

Data in the mapped memory belong to the kernel as soon as the writer has stored them.  So SIGKILL, which discards every
buffer of a process, does not lose it, and a write costs no system call.

The file begins with the number of its valid bytes.  The writer increases that number by a single store after it has
written a whole line, so a line that was cut short by SIGKILL is not part of the journal.  Each line is one event in
JSON.
"""

import mmap
import os
import sys
from pathlib import Path

import msgspec

from lock_harness.core.errors import MachineError
from lock_harness.core.history import Event, Stall

HEAD = 8  # bytes of the number of valid bytes
FIRST_SIZE = 65_536
_encoder = msgspec.json.Encoder()


class Journal:
    """The writer's side of a journal."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._size = 0
        self._enlarge(FIRST_SIZE)
        self._end[0] = HEAD

    def write(self, event: Event | Stall) -> None:
        """Append one event.

        Raises:
            MachineError: The disk is full.
        """
        line = _encoder.encode(event) + b"\n"
        start = self._end[0]
        end = start + len(line)
        if end > self._size:
            self._enlarge(2 * end)
        self._buffer[start:end] = line
        self._end[0] = end

    def _enlarge(self, size: int) -> None:
        """Fill the file with zeros up to `size` bytes and map it.

        With a hole instead of zeros, a full disk would only show when a later store raises SIGBUS.
        """
        try:
            while self._size < size:
                self._size += os.pwrite(self._file, bytes(size - self._size), self._size)
        except OSError as error:
            why = f"an actor cannot write its journal: {error.strerror}"
            raise MachineError(f"{why}; free space for temporary files, or set TMPDIR") from None
        self._buffer = mmap.mmap(self._file, size)
        self._end = memoryview(self._buffer)[:HEAD].cast("Q")


class JournalReader:
    """The conductor's side of a journal, which reads each event once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = HEAD
        # opened by the first read that finds the file
        self._file: int | None = None

    def restart(self) -> None:
        """Empty the journal.  The writer must not write meanwhile."""
        os.pwrite(self._open(), HEAD.to_bytes(HEAD, sys.byteorder), 0)
        self._offset = HEAD

    def length(self) -> int:
        """Return the number of valid bytes, which grows with every event."""
        return int.from_bytes(os.pread(self._open(), HEAD, 0), sys.byteorder)

    def read(self) -> list[Event]:
        """Return the events since the last call."""
        return msgspec.json.Decoder(Event).decode_lines(self._new_lines())

    def read_stalls(self) -> list[Stall]:
        """Return the stalls since the last call, from the journal of a stall meter."""
        return msgspec.json.Decoder(Stall).decode_lines(self._new_lines())

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        if self._file is None:
            self._file = os.open(self.path, os.O_RDWR)
        return self._file

    def _new_lines(self) -> bytes:
        try:
            end = self.length()
        except FileNotFoundError:
            return b""
        text = os.pread(self._open(), max(0, end - self._offset), self._offset)
        self._offset += len(text)
        return text
