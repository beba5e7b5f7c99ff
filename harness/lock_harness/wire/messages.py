"""The messages of a PostgreSQL session after its start: bytes in, messages out.  No I/O.

See "Message Formats" in the chapter "Frontend/Backend Protocol" of PostgreSQL's manual; the limits are those of
`SocketBackend` in the server and of `pqParseInput3` in libpq.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

HEADER = struct.Struct("!BI")  # the type, and the length, which counts itself and not the type
HEAD = HEADER.size
SMALL, LONG = 10_000, 30_000  # the limits of the server, and of libpq, for a message without much data
BATCH = 2**26  # 64 MiB: a batch is kept in memory until it is complete
LARGE = BATCH - 1  # any message fits into a batch
HUGE = 2**30  # the server allocates no more for one value


class ProtocolError(ValueError):
    """Bytes violate the protocol.  The message is one line and names the side that sent them."""


class MessageType(NamedTuple):
    """A type of message: its name in the manual, and the limits of the length that the message states."""

    name: str
    shortest: int
    longest: int


FRONTEND = {
    "B": MessageType("Bind", 12, LARGE),
    "C": MessageType("Close", 6, SMALL),
    "D": MessageType("Describe", 6, SMALL),
    "E": MessageType("Execute", 9, SMALL),
    "F": MessageType("FunctionCall", 12, LARGE),
    "H": MessageType("Flush", 4, 4),
    "P": MessageType("Parse", 8, LARGE),
    "Q": MessageType("Query", 5, LARGE),
    "S": MessageType("Sync", 4, 4),
    "X": MessageType("Terminate", 4, 4),
    "c": MessageType("CopyDone", 4, 4),
    "d": MessageType("CopyData", 4, LARGE),
    "f": MessageType("CopyFail", 5, SMALL),
    "p": MessageType("PasswordMessage", 4, 65_535),  # SASL and GSS messages share the type byte
}

BACKEND = {
    "1": MessageType("ParseComplete", 4, 4),
    "2": MessageType("BindComplete", 4, 4),
    "3": MessageType("CloseComplete", 4, 4),
    "A": MessageType("NotificationResponse", 10, HUGE),
    "C": MessageType("CommandComplete", 5, LONG),
    "D": MessageType("DataRow", 6, HUGE),
    "E": MessageType("ErrorResponse", 5, HUGE),
    "G": MessageType("CopyInResponse", 7, LONG),
    "H": MessageType("CopyOutResponse", 7, LONG),
    "I": MessageType("EmptyQueryResponse", 4, 4),
    "K": MessageType("BackendKeyData", 12, 264),
    "N": MessageType("NoticeResponse", 5, HUGE),
    "R": MessageType("Authentication", 8, LONG),
    "S": MessageType("ParameterStatus", 6, LONG),
    "T": MessageType("RowDescription", 6, HUGE),
    "V": MessageType("FunctionCallResponse", 8, HUGE),
    "W": MessageType("CopyBothResponse", 7, LONG),
    "Z": MessageType("ReadyForQuery", 5, 5),
    "c": MessageType("CopyDone", 4, 4),
    "d": MessageType("CopyData", 4, HUGE),
    "n": MessageType("NoData", 4, 4),
    "s": MessageType("PortalSuspended", 4, 4),
    "t": MessageType("ParameterDescription", 6, 6 + 4 * 65_535),
    "v": MessageType("NegotiateProtocolVersion", 12, LONG),
}

SIDES = {
    side: {ord(type_byte): message_type for type_byte, message_type in types.items()}
    for side, types in (("client", FRONTEND), ("server", BACKEND))
}


class Message(NamedTuple):
    """One message: its name and its bytes."""

    name: str
    raw: bytes

    @property
    def fields(self) -> "Fields":
        return Fields(self)


class MessageReader:
    """Reads the messages of one side, `client` or `server`, from data that may be split anywhere."""

    def __init__(self, side: str) -> None:
        self._side = side
        self._types = SIDES[side]
        self._received = bytearray()

    @property
    def between(self) -> bool:
        """Whether the data so far end with a complete message."""
        return not self._received

    @property
    def incomplete(self) -> bytes:
        """The bytes of the message that is not complete yet."""
        return bytes(self._received)

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that `data` completes.  The caller must consume the iterator completely.

        Raises:
            ProtocolError: After these messages, as soon as the following bytes cannot be a message.
        """
        received, types = self._received, self._types
        received += data
        at, end = 0, len(received)
        try:
            while at < end:
                message_type = types.get(received[at]) or self._refuse_type(received[at])
                if end - at < HEAD:
                    return
                length = HEADER.unpack_from(received, at)[1]
                if not message_type.shortest <= length <= message_type.longest:
                    self._refuse_length(message_type, length)
                if end - at < 1 + length:
                    return
                raw = bytes(received[at : at + 1 + length])
                at += len(raw)
                yield Message(message_type.name, raw)
        finally:
            del received[:at]

    def _refuse_type(self, type_byte: int) -> NoReturn:
        raise ProtocolError(f"the {self._side} sent a message of unknown type {chr(type_byte)!a}")

    def _refuse_length(self, message_type: MessageType, length: int) -> NoReturn:
        raise ProtocolError(
            f"the {self._side} sent {message_type.name} of length {length}: "
            f"it must have {message_type.shortest} to {message_type.longest}"
        )


class Fields:
    """Reads the fields of one message in order; raises `ProtocolError` if the message is too short."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._at = HEAD

    def number(self, size: int) -> int:
        """Read a signed integer of `size` bytes."""
        return int.from_bytes(self.octets(size), "big", signed=True)

    def count(self) -> int:
        """Read the number of items that follow: an unsigned integer of two bytes."""
        return int.from_bytes(self.octets(2), "big")

    def octets(self, size: int) -> bytes:
        name, raw = self._message
        start, self._at = self._at, self._at + size
        if not start <= self._at <= len(raw):
            raise ProtocolError(
                f"{name} of length {len(raw) - 1} ends too early: a field of {size} bytes begins at {start - 1}"
            )
        return raw[start : self._at]

    def char(self) -> str:
        return chr(self.octets(1)[0])

    def string(self) -> str:
        """Read text up to a zero byte; bytes that are not UTF-8 become escapes."""
        name, raw = self._message
        end = raw.find(b"\0", self._at)
        if end < 0:
            raise ProtocolError(
                f"{name} of length {len(raw) - 1} ends too early: the text that begins at {self._at - 1} has no end"
            )
        word, self._at = raw[self._at : end], end + 1
        return word.decode(errors="backslashreplace")
