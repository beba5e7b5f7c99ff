"""The start of a PostgreSQL session: the first packets of a client.  No I/O.

See "Message Formats" and "Start-up" in the chapter "Frontend/Backend Protocol" of PostgreSQL's manual.
"""

import struct
from dataclasses import dataclass

LONGEST = 10_000  # the server's limit, MAX_STARTUP_PACKET_LENGTH
HEADER = struct.Struct("!II")  # the length, which counts itself, and the code or version

CANCEL, SSL, GSSENC = 80877102, 80877103, 80877104
MAJOR_VERSION = 3
ENCRYPTION = {SSL: "SSLRequest", GSSENC: "GSSENCRequest"}
NO = b"N"


class StartupError(ValueError):
    """Bytes cannot be the start of a PostgreSQL session.  The message is one line."""


@dataclass(frozen=True)
class StartupMessage:
    """A request for a session: the protocol version, and parameters such as user, database, application_name."""

    version: tuple[int, int]
    parameters: dict[str, str]

    @property
    def application_name(self) -> str:
        return self.parameters.get("application_name", "")


@dataclass(frozen=True)
class CancelRequest:
    """A request to cancel the statement of session `pid`; the connection carries nothing else."""

    pid: int
    key: bytes


class StartupReader:
    """Reads a client's first bytes, which may be split anywhere, until the startup packet is complete.

    Attributes:
        packet: The startup packet; None until it is complete.
    """

    def __init__(self) -> None:
        self.packet: StartupMessage | CancelRequest | None = None
        self._received = b""
        self._refused: set[int] = set()

    @property
    def forward(self) -> bytes:
        """The bytes for the server: the startup packet and everything after it."""
        return self._received if self.packet else b""

    @property
    def rest(self) -> bytes:
        """The bytes after the startup packet."""
        return self.forward[int.from_bytes(self.forward[:4], "big") :]

    def feed(self, data: bytes) -> bytes:
        """Return the answer that the client waits for: one `N` for each kind of encryption that it requested.

        Raises:
            StartupError: The bytes cannot be the start of a session.
        """
        self._received += data
        answer = b""
        while self.packet is None and len(self._received) >= HEADER.size:
            length, code = HEADER.unpack_from(self._received)
            _check_header(length, code)
            if len(self._received) < length:
                break
            if code in ENCRYPTION:
                self._refuse(code)
                self._received = self._received[length:]
                answer += NO
            else:
                self.packet = _packet(code, self._received[HEADER.size : length])
        return answer

    def _refuse(self, code: int) -> None:
        """Refuse a kind of encryption once, as the server does; otherwise a client could request it forever."""
        if code in self._refused:
            raise StartupError(f"{ENCRYPTION[code]} came again after its answer")
        self._refused.add(code)


def _check_header(length: int, code: int) -> None:
    if length >> 16 == 0x1603:  # a TLS record: handshake, version 3.x
        raise StartupError("the client began TLS without SSLRequest: connect with sslmode=disable")
    if not HEADER.size <= length <= LONGEST:
        raise StartupError(f"startup packet of {length} bytes: it must have {HEADER.size} to {LONGEST}")
    if code in ENCRYPTION:
        if length != HEADER.size:
            raise StartupError(f"{ENCRYPTION[code]} of {length} bytes: it must have {HEADER.size}")
    elif code != CANCEL and code >> 16 != MAJOR_VERSION:
        version = f"{code >> 16}.{code & 0xFFFF}"
        raise StartupError(f"protocol version {version}: only {MAJOR_VERSION}.x is supported")


def _packet(code: int, body: bytes) -> StartupMessage | CancelRequest:
    if code != CANCEL:
        return StartupMessage((code >> 16, code & 0xFFFF), _parameters(body))
    if len(body) < 8:
        raise StartupError(
            f"CancelRequest with {len(body)} bytes: it needs at least 8, for a process id and a key"
        )
    return CancelRequest(int.from_bytes(body[:4], "big"), body[4:])


def _parameters(body: bytes) -> dict[str, str]:
    """Read names and values that each end with a zero byte; a zero byte ends the list."""
    *words, end = body.split(b"\0")
    if end or not words or words.pop():
        raise StartupError("the parameters of a startup packet do not end with an empty name")
    if len(words) % 2:
        raise StartupError(f"parameter {_text(words[-1])!r} of a startup packet has no value")
    pairs = {_text(name): _text(value) for name, value in zip(words[::2], words[1::2], strict=True)}
    if "" in pairs:
        raise StartupError("a parameter of a startup packet has no name")
    return pairs


def _text(word: bytes) -> str:
    return word.decode(errors="backslashreplace")
