"""What an actor did, on paper that outlives it.

A journal is a file that its writer maps into memory.  What is written there belongs to the kernel at once:
SIGKILL, which discards every buffer of a process, does not reach it.  And it costs no system call.

The file begins with the number of bytes that count.  It goes up, in one store, when a whole line is there, so
a writer that dies in the midst of a line has not written it.  Each line is one event in JSON.
"""

import mmap
import os
import sys
from pathlib import Path

import msgspec

from lock_harness.core.errors import MachineError
from lock_harness.core.history import Event, Stall

HEAD = 8  # bytes of the number
FIRST_SIZE = 65_536
_encoder = msgspec.json.Encoder()


class Journal:
    """The writing side, in the actor."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._size = 0
        self._enlarge(FIRST_SIZE)
        self._end[0] = HEAD

    def write(self, event: Event | Stall) -> None:
        """`MachineError` if there is no room for it."""
        line = _encoder.encode(event) + b"\n"
        start = self._end[0]
        end = start + len(line)
        if end > self._size:
            self._enlarge(2 * end)
        self._buffer[start:end] = line
        self._end[0] = end

    def _enlarge(self, size: int) -> None:
        """Real zeros rather than a hole: where the disk is full, the write below fails, and not a store later on."""
        try:
            while self._size < size:
                self._size += os.pwrite(self._file, bytes(size - self._size), self._size)
        except OSError as error:
            why = f"an actor cannot write down what it does: {error.strerror}"
            raise MachineError(f"{why}; make room where the temporary files are, or set TMPDIR") from None
        self._buffer = mmap.mmap(self._file, size)
        self._end = memoryview(self._buffer)[:HEAD].cast("Q")


class JournalReader:
    """The reading side, in the conductor; it reads each event once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = HEAD
        self._file: int | None = None  # open from the first time on that there is something to read

    def restart(self) -> None:
        """Forget all that was written and use the file anew.  The writer must have nothing to write meanwhile."""
        os.pwrite(self._opened(), HEAD.to_bytes(HEAD, sys.byteorder), 0)
        self._offset = HEAD

    def length(self) -> int:
        """How many bytes count by now: it goes up whenever something is written down."""
        return int.from_bytes(os.pread(self._opened(), HEAD, 0), sys.byteorder)

    def read(self) -> list[Event]:
        """The events since the last call."""
        return msgspec.json.Decoder(Event).decode_lines(self._new_lines())

    def read_stalls(self) -> list[Stall]:
        """The same for a journal of stalls."""
        return msgspec.json.Decoder(Stall).decode_lines(self._new_lines())

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR)
        return self._file

    def _new_lines(self) -> bytes:
        try:
            end = self.length()
        except FileNotFoundError:
            return b""
        text = os.pread(self._opened(), max(0, end - self._offset), self._offset)
        self._offset += len(text)
        return text
