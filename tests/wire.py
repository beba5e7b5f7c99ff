"""Messages of PostgreSQL's protocol as bytes, and a recorder for a dialogue."""

from collections.abc import Iterable
from itertools import pairwise
from struct import pack

from hypothesis import strategies as st

from lock_harness.wire.dialogue import Dialogue
from lock_harness.wire.events import DialogueEvent, Parameter, Reply
from lock_harness.wire.messages import BACKEND, FRONTEND
from lock_harness.wire.parts import Batch, PassThrough
from tests.captures import Chunk, Side

TYPE_BYTES: dict[Side, dict[str, str]] = {
    "client": {kind.name: type_byte for type_byte, kind in FRONTEND.items()},
    "server": {kind.name: type_byte for type_byte, kind in BACKEND.items()},
}

COUNT_0, COUNT_1 = pack("!H", 0), pack("!H", 1)
# a valid body for each message that needs one
MINIMAL: dict[Side, dict[str, bytes]] = {
    "client": {
        "Query": b"SELECT 1\0",
        "Parse": b"\0SELECT 1\0" + COUNT_0,
        "Bind": b"\0\0" + 3 * COUNT_0,
        "Describe": b"P\0",
        "Execute": b"\0" + bytes(4),
        "Close": b"S\0",
        "FunctionCall": pack("!I", 2880) + 3 * COUNT_0,
        "CopyData": b"1\n",
        "CopyFail": b"no\0",
        "PasswordMessage": b"secret\0",
    },
    "server": {
        "ReadyForQuery": b"I",
        "Authentication": bytes(4),
        "BackendKeyData": bytes(8),
        "CommandComplete": b"SELECT 1\0",
        "RowDescription": COUNT_0,
        "ParameterDescription": COUNT_0,
        "DataRow": COUNT_0,
        "CopyData": b"1\n",
        "CopyInResponse": b"\0" + COUNT_0,
        "CopyOutResponse": b"\0" + COUNT_0,
        "CopyBothResponse": b"\0" + COUNT_0,
        "FunctionCallResponse": pack("!i", -1),
        "ErrorResponse": b"SERROR\0VERROR\0C22012\0Mdivision by zero\0\0",
        "NoticeResponse": b"SNOTIZ\0VNOTICE\0C00000\0Mmind\n the gap\0\0",
        "NotificationResponse": pack("!I", 7) + b"months\x00209001\0",
        "ParameterStatus": b"TimeZone\0UTC\0",
        "NegotiateProtocolVersion": bytes(8),
    },
}


BODIES = ["Parse", "Bind", "Describe", "Execute", "Close"]
ENDS = ["Sync", "Flush"]


def message(side: Side, name: str, body: bytes | None = None) -> bytes:
    if body is None:
        body = MINIMAL[side].get(name, b"")
    return TYPE_BYTES[side][name].encode() + pack("!I", 4 + len(body)) + body


def client(*names: str) -> bytes:
    return b"".join(message("client", name) for name in names)


def server(*names: str) -> bytes:
    return b"".join(message("server", name) for name in names)


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(set(cuts)), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def cuts(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """Split `data` anywhere."""
    return st.sets(st.integers(0, len(data)), max_size=12).map(lambda at: pieces(data, at))


Line = tuple[object, ...]


class DialogueRecorder:
    """Follows a dialogue whose parts reach the server at once, and records its parts and events."""

    def __init__(self, begun: bool = True) -> None:
        self.dialogue = Dialogue()
        self.lines: list[Line] = []
        self.raw = b""  # the bytes of all parts
        if begun:
            self.server(server("ReadyForQuery"))

    def feed(self, *session: Chunk) -> list[Line]:
        for side, data in session:
            self.client(data) if side == "client" else self.server(data)
        return self.lines

    def client(self, data: bytes) -> list[Batch | PassThrough]:
        parts = []
        for part in self.dialogue.feed_client(data):
            parts.append(part)
            self.raw += part.raw
            self.lines.append(("batch", part.text) if isinstance(part, Batch) else ("passage", *part.names))
            self._note(self.dialogue.mark_sent(part))
        return parts

    def server(self, data: bytes) -> list[DialogueEvent]:
        events = []
        for event in self.dialogue.feed_server(data):
            events.append(event)
            self._note([event])
        return events

    def copying_in(self) -> bool:
        return self.dialogue.copying_in

    def status(self) -> str | None:
        return self.dialogue.status

    def _note(self, events: Iterable[DialogueEvent]) -> None:
        for event in events:
            if isinstance(event, Reply):
                errors = (error.sqlstate for error in event.errors)
                self.lines.append(("reply", event.batch.text, event.status, *errors))
            elif not isinstance(event, Parameter):
                self.lines.append((event,))
