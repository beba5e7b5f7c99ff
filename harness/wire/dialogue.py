"""What a client and a server say to each other in one session, and what answers what.  No socket is touched here.

A client asks in batches: what it says up to a point where the server must have answered before the client can
go on.  A simple Query is one, so is everything up to and including a Sync or a Flush.  The server's answers are
matched with what they answer, message by message, as "Message Flow" in PostgreSQL's manual tells it.  So it is
known, too, when the answer to a Flush is complete, which ends with no message of its own.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple, cast

from harness.errors import one_line
from harness.wire.messages import BATCH, FRONTEND, Message, MessageReader, ProtocolError
from harness.wire.statements import Statements

Status = Literal["I", "T", "E"]  # idle, in a transaction, in a transaction that has failed

# The client's side of it


class Phase(Enum):
    """Where the client stands."""

    STARTING = "while the session starts"
    ASKING = "after its start"
    COPYING = "while it copies in"  # the server has asked for data
    COPIED = "after it copied in"  # it has no more data, but may still owe the Sync that ends the batch


COPY = {"CopyData", "CopyDone", "CopyFail"}
AFTER_START = {kind.name for kind in FRONTEND.values()} - {"PasswordMessage"}
MAY_SAY = {
    Phase.STARTING: AFTER_START | {"PasswordMessage"},
    Phase.ASKING: AFTER_START,
    Phase.COPYING: COPY | {"Flush", "Sync", "Terminate"},
    Phase.COPIED: AFTER_START,
}
ENDS_BATCH = {"Query", "FunctionCall", "Sync", "Flush", "Terminate"}
NO_BATCH = COPY | {"PasswordMessage", "Flush", "Terminate"}  # unless it comes in the midst of one
PASSES = {
    Phase.STARTING: NO_BATCH,
    Phase.ASKING: NO_BATCH,
    Phase.COPYING: MAY_SAY[Phase.COPYING],
    Phase.COPIED: NO_BATCH | {"Sync"},
}
AFTERWARDS = {
    (Phase.COPYING, "CopyDone"): Phase.COPIED,
    (Phase.COPYING, "CopyFail"): Phase.COPIED,
    (Phase.COPIED, "CopyData"): Phase.COPIED,  # said before the client heard that the copy had failed
    (Phase.COPIED, "CopyDone"): Phase.COPIED,
    (Phase.COPIED, "CopyFail"): Phase.COPIED,
    (Phase.STARTING, "PasswordMessage"): Phase.STARTING,
    **{(Phase.COPYING, name): Phase.COPYING for name in ("CopyData", "Flush", "Sync", "Terminate")},
}  # or else ASKING

# The server's side of it


class Answer(NamedTuple):
    """What answers a message: what may come first, and what comes last."""

    first: frozenset[str]
    last: frozenset[str]


def _answer(first: str, last: str) -> Answer:
    return Answer(frozenset(first.split()), frozenset(last.split()))


_COPIES = "CopyInResponse CopyOutResponse CopyBothResponse CopyData CopyDone"
STARTUP = "StartupMessage"
ANSWERS = {
    STARTUP: _answer("Authentication NegotiateProtocolVersion BackendKeyData", "ReadyForQuery"),
    "Query": _answer(f"RowDescription DataRow CommandComplete EmptyQueryResponse {_COPIES}", "ReadyForQuery"),
    "FunctionCall": _answer("FunctionCallResponse", "ReadyForQuery"),
    "Sync": _answer("", "ReadyForQuery"),
    "Parse": _answer("", "ParseComplete"),
    "Bind": _answer("", "BindComplete"),
    "Close": _answer("", "CloseComplete"),
    "Describe": _answer("ParameterDescription", "RowDescription NoData"),
    "Execute": _answer(f"DataRow {_COPIES}", "CommandComplete EmptyQueryResponse PortalSuspended"),
}
SILENT = {"Flush", "CopyDone", "CopyFail", "Terminate"}  # get no answer
UNTRACKED = {"CopyData", "PasswordMessage"}  # get none, and nothing depends on their place
READIES = {name for name, answer in ANSWERS.items() if "ReadyForQuery" in answer.last}
IGNORED_IN_COPY = {"Sync", "Flush"}


# What is told


@dataclass(frozen=True, eq=False)
class Part:
    """Some of what the client said.  It must reach the server after all parts before it."""

    messages: tuple[Message, ...]

    @property
    def raw(self) -> bytes:
        return b"".join(message.raw for message in self.messages)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(message.name for message in self.messages)


@dataclass(frozen=True, eq=False)
class Passage(Part):
    """No batch: a password, data to be copied, a Flush of nothing new, the client's good-bye."""


@dataclass(frozen=True, eq=False)
class Batch(Part):
    """What the client asked in one go; `text` says on one line, for people, what that is."""

    text: str


@dataclass(frozen=True)
class Diagnostic:
    """The server's ErrorResponse or NoticeResponse.  `severity` is in English: ERROR, FATAL, NOTICE, ..."""

    severity: str
    sqlstate: str
    text: str

    @property
    def is_error(self) -> bool:
        return self.severity in ("ERROR", "FATAL", "PANIC")


@dataclass(frozen=True)
class Notification:
    """A NOTIFY that the client listens for; it belongs to no batch."""

    pid: int
    channel: str
    payload: str


@dataclass(frozen=True)
class Parameter:
    """A parameter of the session has this value now."""

    name: str
    value: str


@dataclass(frozen=True)
class Reply:
    """The reply to `batch` is complete.

    `status` is None if no ReadyForQuery came, as after a Flush; `errors` are those that came within it.
    """

    batch: Batch
    status: Status | None
    errors: tuple[Diagnostic, ...]


Event = Reply | Diagnostic | Notification | Parameter


class Pending(NamedTuple):
    """A message that the server was sent, and the part that it was sent in."""

    message: Message
    part: Part


class Dialogue:
    """One session after its StartupMessage, which the server was sent already.

    What the client says becomes parts.  Whoever sends one of them to the server says so with `sent`, part by part
    in their order.  All iterators must be used up: nothing happens before.
    """

    def __init__(self) -> None:
        self.status: Status | None = (
            None  # of the transaction, by the latest ReadyForQuery; None until the first
        )
        self._phase = Phase.STARTING
        self._client, self._server = MessageReader("client"), MessageReader("server")
        self._statements = Statements()
        self._open: list[Message] = []  # of a batch that is not complete
        self._size = 0  # of these, in bytes
        startup = Message(STARTUP, b"")
        self._pending = deque([Pending(startup, Passage((startup,)))])
        self._skipping = False  # the server has reported an error and ignores all up to the next Sync
        self._copies_in = False  # the server takes CopyData until it is sent CopyDone or CopyFail
        self._swallowed = 0  # Syncs that it ignored since, if it did not fail before it read them
        self._reply_status: Status | None = None  # of the reply that is coming in
        self._errors: list[Diagnostic] = []  # within it

    # What the client says

    @property
    def unfinished(self) -> bytes:
        """What the client has said that is no part yet; if it goes away, this is what is left."""
        return b"".join(message.raw for message in self._open) + self._client.begun

    def from_client(self, data: bytes) -> Iterator[Batch | Passage]:
        """The parts that are complete now.  `ProtocolError`, after them, for what cannot be understood."""
        for message in self._client.feed(data):
            if message.name not in MAY_SAY[self._phase]:
                raise ProtocolError(f"the client sent {message.name} {self._phase.value}")
            passes = not self._open and message.name in PASSES[self._phase]
            self._phase = AFTERWARDS.get((self._phase, message.name), Phase.ASKING)
            if passes:
                yield Passage((message,))
            elif batch := self._collect(message):
                yield batch

    def _collect(self, message: Message) -> Batch | None:
        self._open.append(message)
        self._size += len(message.raw)
        if self._size > BATCH:
            raise ProtocolError(f"the client sent {self._size} bytes without a Sync: {BATCH} is the most")
        if message.name not in ENDS_BATCH:
            return None
        messages, self._open, self._size = tuple(self._open), [], 0
        return Batch(messages, self._statements.text(messages))

    def sent(self, part: Part) -> Iterator[Reply]:
        """The server was sent this part.  There may be nothing to wait for: then its reply is complete at once."""
        for message in part.messages:
            if message.name in UNTRACKED:
                continue
            if self._copies_in and message.name in IGNORED_IN_COPY:
                self._swallowed += message.name == "Sync"
                continue
            if message.name in COPY:
                self._copies_in = False
            owner = part if isinstance(part, Batch) or not self._pending else self._pending[-1].part
            self._pending.append(Pending(message, owner))
        yield from self._settled()

    # What the server says

    def from_server(self, data: bytes) -> Iterator[Event]:
        """What has happened now.  `ProtocolError`, after it, for what answers nothing or cannot be understood."""
        for message in self._server.feed(data):
            if message.name == "ParameterStatus":
                fields = message.fields
                yield Parameter(fields.string(), fields.string())
            elif message.name == "NotificationResponse":
                fields = message.fields
                yield Notification(fields.number(4), fields.string(), fields.string())
            elif message.name == "NoticeResponse":
                yield _diagnostic(message)
            elif message.name == "ErrorResponse":
                yield from self._failed(_diagnostic(message))
            else:
                yield from self._answered(message)

    def _failed(self, error: Diagnostic) -> Iterator[Event]:
        if not self._pending and error.severity == "ERROR":
            raise ProtocolError(f"the server sent ErrorResponse, but nothing is asked: {error.text}")
        self._errors.append(error)
        if self._phase is Phase.COPYING:
            self._phase = Phase.COPIED
        self._copies_in = False
        self._skipping = bool(self._pending) and self._pending[0].message.name not in READIES
        yield error
        yield from self._settled()

    def _answered(self, message: Message) -> Iterator[Reply]:
        if message.name == "ReadyForQuery":
            self._ready(message)
        asked = self._pending[0].message if self._pending else None
        answer = ANSWERS[asked.name] if asked else None
        if asked and answer and message.name in answer.last:
            yield from self._pop()
            yield from self._settled()
        elif asked and answer and message.name in answer.first:
            self._heed(message, asked)
        elif message.name == "ReadyForQuery" and self._swallowed:  # the copy failed before that Sync was read
            self._swallowed -= 1
        else:
            what = f"{asked.name} is to be answered" if asked else "nothing is asked"
            raise ProtocolError(f"the server sent {message.name}, but {what}")

    def _ready(self, message: Message) -> None:
        status = message.fields.letter()
        if status not in ("I", "T", "E"):
            raise ProtocolError(f"the server sent ReadyForQuery with status {status!a}: it must be I, T or E")
        self.status = self._reply_status = cast(Status, status)
        self._skipping = self._copies_in = False
        self._phase = Phase.ASKING

    def _heed(self, message: Message, asked: Message) -> None:
        """Note what matters later in an answer that goes on."""
        if message.name in ("CopyInResponse", "CopyBothResponse"):
            self._begin_copy()
        elif message.name == "CommandComplete":
            self._copies_in = False
        elif message.name == "ParameterDescription":
            described, fields = asked.fields, message.fields
            if described.letter() == "S":
                types = tuple(fields.number(4) for _ in range(fields.number(2)))
                self._statements.describe(described.string(), types)

    def _begin_copy(self) -> None:
        """From now on the server ignores Sync and Flush, which it may have been sent, up to the copy's end."""
        copies, *sent = self._pending
        names = [pending.message.name for pending in sent]
        end = next((at for at, name in enumerate(names) if name in COPY), len(sent))
        kept = [pending for pending in sent[:end] if pending.message.name not in IGNORED_IN_COPY]
        self._pending = deque([copies, *kept, *sent[end:]])
        self._swallowed = names[:end].count("Sync")
        self._copies_in = end == len(sent)
        if self._copies_in:
            self._phase = Phase.COPYING

    # What is settled

    def _settled(self) -> Iterator[Reply]:
        """Put away what gets no answer."""
        while self._pending and self._gets_none(self._pending[0].message):
            yield from self._pop()

    def _gets_none(self, message: Message) -> bool:
        return message.name in SILENT or (self._skipping and message.name != "Sync")

    def _pop(self) -> Iterator[Reply]:
        part = self._pending.popleft().part
        if not self._pending or self._pending[0].part is not part:
            reply = Reply(part, self._reply_status, tuple(self._errors)) if isinstance(part, Batch) else None
            self._reply_status, self._errors = None, []
            if reply:
                yield reply


def _diagnostic(message: Message) -> Diagnostic:
    fields, found = message.fields, dict[str, str]()
    while (code := fields.letter()) != "\0":
        found[code] = fields.string()
    severity = found.get("V", found.get("S", ""))
    return Diagnostic(severity, found.get("C", ""), one_line(found.get("M", "")))
