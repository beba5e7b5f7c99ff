"""The dialogue of a client and a server in one session: which reply belongs to which batch.  No I/O.

A client sends batches.  A batch ends where the client has to wait for the server: with a simple Query, or with a
Sync or a Flush.  The server's messages are matched with the client's messages one by one, by the rules of "Message
Flow" in PostgreSQL's manual.  So it is known when the reply to a batch is complete, even for a Flush, whose reply
has no message that marks its end.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, cast

from lock_harness.core.errors import one_line
from lock_harness.wire.cache import SHORT, BoundedCache
from lock_harness.wire.events import (
    Diagnostic,
    DialogueEvent,
    Notification,
    Parameter,
    Reply,
    TransactionStatus,
)
from lock_harness.wire.messages import BATCH, Message, MessageReader, ProtocolError
from lock_harness.wire.parts import Batch, Part, PassThrough
from lock_harness.wire.rules import (
    CACHEABLE,
    COPY,
    ENDS_BATCH,
    ENDS_WITH_READY,
    EXPECTED_REPLIES,
    IGNORED_IN_COPY,
    NO_REPLY,
    RULES,
    UNTRACKED,
    ClientPhase,
)
from lock_harness.wire.statements import PreparedStatements


class CachedReply(NamedTuple):
    """A reply that changes only the transaction status: the notices in it, and the status at its end."""

    notices: tuple[DialogueEvent, ...]
    status: TransactionStatus


# Replies by the names of the batch's messages and by the bytes of the reply.  The replies to a lock's statements
# repeat a lot.
_replies: BoundedCache[tuple[tuple[str, ...], bytes], CachedReply] = BoundedCache(500)


class PendingMessage(NamedTuple):
    """A message that awaits its reply, the part that the reply belongs to, and whether the server ignores it."""

    message: Message
    part: Part
    ignored: bool = False


class Dialogue:
    """One session after its StartupMessage, which the server has already got.

    `feed_client` splits the client's bytes into parts.  The caller sends each part to the server, in order, and
    reports it by `mark_sent`.  While `copying_in`, the caller must not delay any part.  The iterators
    read the data while they are consumed, so the caller must consume them completely.

    Attributes:
        status: The status in the latest ReadyForQuery; None before the first.
        copying_in: The server takes COPY data and sends nothing until it gets the end of the data.
    """

    def __init__(self) -> None:
        self.status: TransactionStatus | None = None
        self.copying_in = False
        self._enter(ClientPhase.STARTING)
        self._client, self._server = MessageReader("client"), MessageReader("server")
        self._statements = PreparedStatements()
        # the messages of a batch that is not complete, and their size in bytes
        self._open_batch: list[Message] = []
        self._open_size = 0
        startup = Message("StartupMessage", b"")
        self._pending = deque([PendingMessage(startup, _pass_through(startup))])
        # a batch that was sent when no reply was due, if the client has sent nothing since
        self._sole_batch: Batch | None = None
        # the server has reported an error and ignores everything up to the next Sync
        self._skipping = False
        # Syncs that the server ignored during COPY, unless the COPY failed before the server read them
        self._ignored_syncs = 0
        # of the reply that is arriving
        self._reply_status: TransactionStatus | None = None
        self._reply_errors: list[Diagnostic] = []

    def _enter(self, phase: ClientPhase) -> None:
        self._phase, self._rules = phase, RULES[phase]

    # Messages of the client

    @property
    def unfinished(self) -> bytes:
        """The bytes of the client that are not yet part of a `Part`."""
        return b"".join(message.raw for message in self._open_batch) + self._client.incomplete

    def feed_client(self, data: bytes) -> Iterator[Batch | PassThrough]:
        """Yield the parts that `data` completes.

        Raises:
            ProtocolError: After these parts, if the rest violates the protocol.
        """
        between = self._phase is ClientPhase.ASKING and not self._open_batch and self._client.between
        if between and (known := self._statements.repeat(data)):
            return iter([Batch(known.messages, known.names, data, known.text)])
        return self._read_client(data)

    def _read_client(self, data: bytes) -> Iterator[Batch | PassThrough]:
        for message in self._client.feed(data):
            rule = self._rules.get(message.name)
            if rule is None:
                raise ProtocolError(f"the client sent {message.name} {self._phase.value}")
            if rule.next_phase is not self._phase:
                self._enter(rule.next_phase)
            if rule.standalone and not self._open_batch:
                yield _pass_through(message)
            elif batch := self._add_to_batch(message):
                yield batch

    def _add_to_batch(self, message: Message) -> Batch | None:
        """Add a message to the open batch; return the batch if the message completes it."""
        self._open_batch.append(message)
        self._open_size += len(message.raw)
        if self._open_size > BATCH:
            raise ProtocolError(
                f"the client sent {self._open_size} bytes without Sync or Flush: the limit is {BATCH}"
            )
        if message.name not in ENDS_BATCH:
            return None
        messages, self._open_batch, self._open_size = tuple(self._open_batch), [], 0
        raw = b"".join([message.raw for message in messages])
        description = self._statements.describe(messages, raw)
        return Batch(messages, description.names, raw, description.text)

    def mark_sent(self, part: Part) -> list[Reply]:
        """Record that the server was sent `part`; return the replies that are complete without any message."""
        self._sole_batch = part if isinstance(part, Batch) and self._is_quiet() else None
        for message in part.messages:
            if message.name not in UNTRACKED:
                self._expect_reply(message, part)
        return self._settle()

    def _is_quiet(self) -> bool:
        """Return whether no reply is due and the next reply depends only on the next batch."""
        waits = (
            self._pending or self._skipping or self._reply_errors or self._ignored_syncs or self.copying_in
        )
        return not waits and self._phase is ClientPhase.ASKING and self._server.between

    def _expect_reply(self, message: Message, part: Part) -> None:
        if message.name in COPY:
            self.copying_in = False
        ignored = self.copying_in and message.name in IGNORED_IN_COPY
        self._ignored_syncs += ignored and message.name == "Sync"
        owner = part if isinstance(part, Batch) or not self._pending else self._pending[-1].part
        self._pending.append(PendingMessage(message, owner, ignored))

    # Messages of the server

    def feed_server(self, data: bytes) -> Iterator[DialogueEvent]:
        """Yield the events that `data` causes.

        Raises:
            ProtocolError: After these events, if the rest violates the protocol or replies to nothing.
        """
        batch, self._sole_batch = self._sole_batch, None
        if batch and (known := _replies.get((batch.names, data))):
            self.status = known.status
            self._pending.clear()
            return iter([*known.notices, Reply(batch, known.status, ())])
        return self._read_server(data, batch)

    def _read_server(self, data: bytes, sole_batch: Batch | None) -> Iterator[DialogueEvent]:
        names: list[str] = []
        notices: list[DialogueEvent] = []
        for message in self._server.feed(data):
            names.append(message.name)
            for event in self._handle_message(message):
                if message.name == "NoticeResponse":
                    notices.append(event)
                yield event
        complete = CACHEABLE.issuperset(names) and names[-1:] == ["ReadyForQuery"] and self._server.between
        if sole_batch and complete and self.status and len(data) <= SHORT:
            _replies.put((sole_batch.names, data), CachedReply(tuple(notices), self.status))

    def _handle_message(self, message: Message) -> Iterator[DialogueEvent]:
        if message.name == "ParameterStatus":
            fields = message.fields
            yield Parameter(fields.string(), fields.string())
        elif message.name == "NotificationResponse":
            fields = message.fields
            yield Notification(fields.number(4), fields.string(), fields.string())
        elif message.name == "NoticeResponse":
            yield _diagnostic(message)
        elif message.name == "ErrorResponse":
            yield from self._handle_error(_diagnostic(message))
        else:
            yield from self._handle_reply(message)

    def _handle_error(self, error: Diagnostic) -> Iterator[DialogueEvent]:
        yield error
        if error.ends_session:
            return
        if not self._pending:
            raise ProtocolError(f"the server sent ErrorResponse, but no reply is due: {error.text}")
        self._reply_errors.append(error)
        self._skipping = self._pending[0].message.name not in ENDS_WITH_READY
        self.copying_in = False
        if self._phase is ClientPhase.COPYING:
            self._enter(ClientPhase.COPIED)
        yield from self._settle()

    def _handle_reply(self, message: Message) -> list[Reply]:
        name = message.name
        if name == "CommandComplete":
            self._ignored_syncs = 0
        asked = self._pending[0].message if self._pending else None
        intermediate, final = EXPECTED_REPLIES[asked.name] if asked else NO_REPLY
        if asked and name in intermediate:
            self._handle_intermediate(message, asked)
            return []
        if name in final:
            if name == "ReadyForQuery":
                self._handle_ready(message)
            return [*self._complete_first(), *self._settle()]
        if name == "ReadyForQuery" and self._ignored_syncs:
            # the COPY failed before the server read that Sync
            self._handle_ready(message)
            self._reply_status = None
            self._ignored_syncs -= 1
            return []
        due = f"the reply to {asked.name} is due" if asked else "no reply is due"
        raise ProtocolError(f"the server sent {name}, but {due}")

    def _handle_ready(self, message: Message) -> None:
        status = message.fields.char()
        if status not in ("I", "T", "E"):
            raise ProtocolError(f"the server sent ReadyForQuery with status {status!a}: it must be I, T or E")
        self.status = self._reply_status = cast(TransactionStatus, status)
        self._skipping = self.copying_in = False
        self._enter(ClientPhase.ASKING)

    def _handle_intermediate(self, message: Message, asked: Message) -> None:
        """Handle a message that does not end the reply to `asked`."""
        if message.name in ("CopyInResponse", "CopyBothResponse"):
            self._begin_copy()
        elif message.name == "ParameterDescription":
            described, fields = asked.fields, message.fields
            # skip the S of a statement: portals have no parameters
            described.char()
            types = tuple(fields.number(4) for _ in range(fields.count()))
            self._statements.set_types(described.string(), types)

    def _begin_copy(self) -> None:
        """Begin to copy in: the server ignores Sync and Flush up to the end of the data, even those sent before."""
        self.copying_in, self._ignored_syncs = True, 0
        copying, *sent = self._pending
        self._pending = deque([copying])
        for message, part, _ in sent:
            self._expect_reply(message, part)
        if self.copying_in:
            self._enter(ClientPhase.COPYING)

    # Complete replies

    def _settle(self) -> list[Reply]:
        """Remove the first pending messages as long as they get no reply; return the replies that this completes."""
        replies: list[Reply] = []
        while self._pending and self._gets_no_reply(self._pending[0]):
            replies += self._complete_first()
        return replies

    def _gets_no_reply(self, pending: PendingMessage) -> bool:
        name = pending.message.name
        return pending.ignored or name not in EXPECTED_REPLIES or (self._skipping and name != "Sync")

    def _complete_first(self) -> list[Reply]:
        """Remove the first pending message; return the reply to its batch if that is complete now."""
        part = self._pending.popleft().part
        if self._pending and self._pending[0].part is part:
            return []
        reply = (
            [Reply(part, self._reply_status, tuple(self._reply_errors))] if isinstance(part, Batch) else []
        )
        self._reply_status, self._reply_errors = None, []
        return reply


def _pass_through(message: Message) -> PassThrough:
    return PassThrough((message,), (message.name,), message.raw)


def _diagnostic(message: Message) -> Diagnostic:
    fields, found = message.fields, dict[str, str]()
    while (code := fields.char()) != "\0":
        found[code] = fields.string()
    severity = found.get("V", found.get("S", ""))
    return Diagnostic(severity, found.get("C", ""), one_line(found.get("M", "")))
