"""What a client and a server say to each other in one session, and what answers what.  No socket is touched here.

A client asks in batches: what it says up to a point where the server must have answered before the client can
go on.  A simple Query is one, so is everything up to and including a Sync or a Flush.  The server's answers are
matched with what they answer, message by message, as "Message Flow" in PostgreSQL's manual tells it.  So it is
known, too, when the answer to a Flush is complete, which ends with no message of its own.
"""

from collections import deque
from collections.abc import Iterator
from typing import Literal, NamedTuple, cast

import msgspec

from lock_harness.core.errors import one_line
from lock_harness.wire.cache import SHORT, BoundedCache
from lock_harness.wire.messages import BATCH, Message, MessageReader, ProtocolError
from lock_harness.wire.rules import (
    COPY,
    ENDS_BATCH,
    ENDS_READY,
    EXPECTED_REPLIES,
    IGNORED_IN_COPY,
    NOTHING,
    PLAIN,
    RULES,
    UNTRACKED,
    Phase,
)
from lock_harness.wire.statements import Statements

Status = Literal["I", "T", "E"]  # idle, in a transaction, in a transaction that has failed


class Part(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Some of what the client said.  It must reach the server after all parts before it."""

    messages: tuple[Message, ...]
    names: tuple[str, ...]  # of the messages
    raw: bytes  # all of them


class PassThrough(Part, frozen=True, eq=False, gc=False):
    """No batch: a password, data to be copied, a Flush of nothing new, the client's good-bye."""


class Batch(Part, frozen=True, eq=False, gc=False):
    """What the client asked in one go; `text` says on one line, for people, what that is."""

    text: str


class Diagnostic(msgspec.Struct, frozen=True, gc=False):
    """The server's ErrorResponse or NoticeResponse.  `severity` is in English: ERROR, FATAL, NOTICE, ..."""

    severity: str
    sqlstate: str
    text: str

    @property
    def ends_session(self) -> bool:
        return self.severity in ("FATAL", "PANIC")


class Notification(msgspec.Struct, frozen=True, gc=False):
    """A NOTIFY that the client listens for; it belongs to no batch."""

    pid: int
    channel: str
    payload: str


class Parameter(msgspec.Struct, frozen=True, gc=False):
    """A parameter of the session has this value now."""

    name: str
    value: str


class Reply(msgspec.Struct, frozen=True, gc=False):
    """The reply to `batch` is complete.

    `status` is None if no ReadyForQuery came, as after a Flush; `errors` are those that came within it.  There
    is none if the session ends before.
    """

    batch: Batch
    status: Status | None
    errors: tuple[Diagnostic, ...]


ServerEvent = Reply | Diagnostic | Notification | Parameter


class CachedReply(NamedTuple):
    """An answer that changes nothing but the status: what the server notes in it, and the status in the end."""

    notices: tuple[ServerEvent, ...]
    status: Status


# How a batch was answered, by the names of its messages: the answers to a lock's questions are few.
_replies: BoundedCache[tuple[tuple[str, ...], bytes], CachedReply] = BoundedCache(500)


class PendingMessage(NamedTuple):
    """A message that the server was sent, the part whose reply it belongs to, and whether the server ignores it."""

    message: Message
    part: Part
    ignored: bool = False


class Dialogue:
    """One session after its StartupMessage, which the server was sent already.

    What the client says becomes parts.  Whoever sends one of them to the server says so with `mark_sent`, part by part
    in their order; while the server `copying_in`, no part may be held back.  The iterators read while they are
    used, so they must be used up.
    """

    def __init__(self) -> None:
        self.status: Status | None = None  # by the latest ReadyForQuery; None until the first
        self.copying_in = False  # the server takes data, and no other answer, until it is sent their end
        self._enter(Phase.STARTING)
        self._client, self._server = MessageReader("client"), MessageReader("server")
        self._statements = Statements()
        self._open: list[Message] = []  # of a batch that is not complete
        self._size = 0  # of these, in bytes
        startup = Message("StartupMessage", b"")
        self._pending = deque([PendingMessage(startup, _passage(startup))])
        self._alone: Batch | None = None  # was asked when all was quiet, and nothing was said since
        self._skipping = False  # the server has reported an error and ignores all up to the next Sync
        self._ignored = 0  # Syncs that it ignored since, if it did not fail before it read them
        self._reply_status: Status | None = None  # of the reply that is coming in
        self._errors: list[Diagnostic] = []  # within it

    def _enter(self, phase: Phase) -> None:
        self._phase, self._rules = phase, RULES[phase]

    # What the client says

    @property
    def unfinished(self) -> bytes:
        """What the client has said that is no part yet; if it goes away, this is what is left."""
        return b"".join(message.raw for message in self._open) + self._client.begun

    def feed_client(self, data: bytes) -> Iterator[Batch | PassThrough]:
        """The parts that are complete now.  `ProtocolError`, after them, for what cannot be understood."""
        between = self._phase is Phase.ASKING and not self._open and self._client.between
        if between and (known := self._statements.again(data)):
            return iter([Batch(known.messages, known.names, data, known.text)])
        return self._read_client(data)

    def _read_client(self, data: bytes) -> Iterator[Batch | PassThrough]:
        for message in self._client.feed(data):
            rule = self._rules.get(message.name)
            if rule is None:
                raise ProtocolError(f"the client sent {message.name} {self._phase.value}")
            if rule.leads_to is not self._phase:
                self._enter(rule.leads_to)
            if rule.passes and not self._open:
                yield _passage(message)
            elif batch := self._collect(message):
                yield batch

    def _collect(self, message: Message) -> Batch | None:
        self._open.append(message)
        self._size += len(message.raw)
        if self._size > BATCH:
            raise ProtocolError(
                f"the client sent {self._size} bytes without Sync or Flush: {BATCH} is the most"
            )
        if message.name not in ENDS_BATCH:
            return None
        messages, self._open, self._size = tuple(self._open), [], 0
        raw = b"".join([message.raw for message in messages])
        description = self._statements.say(messages, raw)
        return Batch(messages, description.names, raw, description.text)

    def mark_sent(self, part: Part) -> list[Reply]:
        """The server was sent this part.  Where there is nothing to wait for, the reply is complete at once."""
        self._alone = part if isinstance(part, Batch) and self._is_quiet() else None
        for message in part.messages:
            if message.name not in UNTRACKED:
                self._await(message, part)
        return self._settled()

    def _is_quiet(self) -> bool:
        """Whether all is answered, and what comes next depends on nothing that was before."""
        waits = self._pending or self._skipping or self._errors or self._ignored or self.copying_in
        return not waits and self._phase is Phase.ASKING and self._server.between

    def _await(self, message: Message, part: Part) -> None:
        if message.name in COPY:
            self.copying_in = False
        ignored = self.copying_in and message.name in IGNORED_IN_COPY
        self._ignored += ignored and message.name == "Sync"
        owner = part if isinstance(part, Batch) or not self._pending else self._pending[-1].part
        self._pending.append(PendingMessage(message, owner, ignored))

    # What the server says

    def feed_server(self, data: bytes) -> Iterator[ServerEvent]:
        """What has happened now.  `ProtocolError`, after it, for what answers nothing or cannot be understood."""
        alone, self._alone = self._alone, None
        if alone and (known := _replies.get((alone.names, data))):
            self.status = known.status
            self._pending.clear()
            return iter([*known.notices, Reply(alone, known.status, ())])
        return self._read_server(data, alone)

    def _read_server(self, data: bytes, alone: Batch | None) -> Iterator[ServerEvent]:
        names: list[str] = []
        notices: list[ServerEvent] = []
        for message in self._server.feed(data):
            names.append(message.name)
            for event in self._heard(message):
                if message.name == "NoticeResponse":
                    notices.append(event)
                yield event
        plain = PLAIN.issuperset(names) and names[-1:] == ["ReadyForQuery"] and self._server.between
        if alone and plain and self.status and len(data) <= SHORT:
            _replies.put((alone.names, data), CachedReply(tuple(notices), self.status))

    def _heard(self, message: Message) -> Iterator[ServerEvent]:
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

    def _failed(self, error: Diagnostic) -> Iterator[ServerEvent]:
        yield error
        if error.ends_session:
            return
        if not self._pending:
            raise ProtocolError(f"the server sent ErrorResponse, but nothing is asked: {error.text}")
        self._errors.append(error)
        self._skipping = self._pending[0].message.name not in ENDS_READY
        self.copying_in = False
        if self._phase is Phase.COPYING:
            self._enter(Phase.COPIED)
        yield from self._settled()

    def _answered(self, message: Message) -> list[Reply]:
        name = message.name
        if name == "CommandComplete":
            self._ignored = 0
        asked = self._pending[0].message if self._pending else None
        first, last = EXPECTED_REPLIES[asked.name] if asked else NOTHING
        if asked and name in first:
            self._heed(message, asked)
            return []
        if name in last:
            if name == "ReadyForQuery":
                self._ready(message)
            return [*self._pop(), *self._settled()]
        if name == "ReadyForQuery" and self._ignored:  # the copy failed before that Sync was read
            self._ready(message)
            self._reply_status = None
            self._ignored -= 1
            return []
        what = f"{asked.name} is to be answered" if asked else "nothing is asked"
        raise ProtocolError(f"the server sent {name}, but {what}")

    def _ready(self, message: Message) -> None:
        status = message.fields.letter()
        if status not in ("I", "T", "E"):
            raise ProtocolError(f"the server sent ReadyForQuery with status {status!a}: it must be I, T or E")
        self.status = self._reply_status = cast(Status, status)
        self._skipping = self.copying_in = False
        self._enter(Phase.ASKING)

    def _heed(self, message: Message, asked: Message) -> None:
        """Note what matters later in an answer that goes on."""
        if message.name in ("CopyInResponse", "CopyBothResponse"):
            self._begin_copy()
        elif message.name == "ParameterDescription":
            described, fields = asked.fields, message.fields
            described.letter()  # S: portals have no parameters
            types = tuple(fields.number(4) for _ in range(fields.count()))
            self._statements.describe(described.string(), types)

    def _begin_copy(self) -> None:
        """From now on, up to the copy's end, the server ignores any Sync and Flush, even those sent before."""
        self.copying_in, self._ignored = True, 0
        copies, *sent = self._pending
        self._pending = deque([copies])
        for message, part, _ in sent:
            self._await(message, part)
        if self.copying_in:
            self._enter(Phase.COPYING)

    # What is settled

    def _settled(self) -> list[Reply]:
        """Put away what gets no answer."""
        replies: list[Reply] = []
        while self._pending and self._gets_none(*self._pending[0]):
            replies += self._pop()
        return replies

    def _gets_none(self, message: Message, _: Part, ignored: bool) -> bool:
        return ignored or message.name not in EXPECTED_REPLIES or (self._skipping and message.name != "Sync")

    def _pop(self) -> list[Reply]:
        """What was asked first is settled, and perhaps with it the reply to its batch."""
        part = self._pending.popleft().part
        if self._pending and self._pending[0].part is part:
            return []
        reply = [Reply(part, self._reply_status, tuple(self._errors))] if isinstance(part, Batch) else []
        self._reply_status, self._errors = None, []
        return reply


def _passage(message: Message) -> PassThrough:
    return PassThrough((message,), (message.name,), message.raw)


def _diagnostic(message: Message) -> Diagnostic:
    fields, found = message.fields, dict[str, str]()
    while (code := fields.letter()) != "\0":
        found[code] = fields.string()
    severity = found.get("V", found.get("S", ""))
    return Diagnostic(severity, found.get("C", ""), one_line(found.get("M", "")))
