"""A dialogue finds the reply to each batch: compared with a model of a server, with and without the cache."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lock_harness.wire.dialogue import Dialogue
from lock_harness.wire.events import Reply
from lock_harness.wire.messages import ProtocolError
from lock_harness.wire.parts import Part
from lock_harness.wire.rules import EXPECTED_REPLIES
from tests.captures import Chunk, Session
from tests.wire import BODIES, ENDS, DialogueRecorder, Line, client, cuts, message, server

pytestmark = pytest.mark.usefixtures("empty_reply_cache")


class Model:
    """A minimal server by the rules of the manual: returns its reply to one message, at random an error."""

    def __init__(self, luck: random.Random) -> None:
        self.skipping = False
        self._luck = luck

    def answer(self, name: str) -> list[str]:
        if self.skipping and name != "Sync":
            return []
        self.skipping = False
        if name not in EXPECTED_REPLIES:
            return []
        first, last = EXPECTED_REPLIES[name]
        spoken = [word for word in sorted(first) if self._luck.random() < 0.3 and not word.startswith("Copy")]
        if self._luck.random() < 0.2:
            self.skipping = "ReadyForQuery" not in last
            return [*spoken, "ErrorResponse", *last & {"ReadyForQuery"}]
        return [*spoken, self._luck.choice(sorted(last))]


batches = st.one_of(
    st.sampled_from([["Query"], ["FunctionCall"]]),
    st.tuples(st.lists(st.sampled_from(BODIES), min_size=1, max_size=5), st.sampled_from(ENDS)).map(
        lambda drawn: [*drawn[0], drawn[1]]
    ),
    st.just(["Sync"]),
)
asides = st.sampled_from(["NoticeResponse", "ParameterStatus", "NotificationResponse"])


# after how many messages of the server, to which batch, with which status, with how many errors
ReplyAt = tuple[int, Part, str | None, int]


@given(st.data(), st.lists(batches, max_size=6), st.randoms(use_true_random=False), st.booleans())
def test_a_reply_is_complete_with_its_last_message_and_not_before(
    data: st.DataObject, asked: list[list[str]], luck: random.Random, eager: bool
) -> None:
    """The batches are sent all at once, or each after the reply to the previous one."""
    model, dialogue = Model(luck), Dialogue()
    assert list(dialogue.feed_server(server("ReadyForQuery"))) == []
    stream = b"".join(client(*names) for names in asked)
    parts = [part for piece in data.draw(cuts(stream)) for part in dialogue.feed_client(piece)]
    assert [list(part.names) for part in parts] == asked

    expected: list[ReplyAt] = []
    replies: list[ReplyAt] = []
    spoken = 0

    def note(events: list[Reply]) -> None:
        replies.extend((spoken, reply.batch, reply.status, len(reply.errors)) for reply in events)

    for part in parts if eager else []:
        note(dialogue.mark_sent(part))
    for part in parts:
        words = [word for name in part.names for word in model.answer(name)]
        status = "I" if "ReadyForQuery" in words else None
        expected.append((spoken + len(words), part, status, words.count("ErrorResponse")))
        if not eager:
            note(dialogue.mark_sent(part))
        for word in words:
            spoken += 1
            aside = data.draw(st.lists(asides, max_size=1))
            events = dialogue.feed_server(server(*aside, word))
            note([event for event in events if isinstance(event, Reply)])
    assert replies == expected


def lines_of(session: Session) -> list[Line]:
    """Return the lines of a session, at the end perhaps its error."""
    recorder = DialogueRecorder()
    try:
        recorder.feed(*session)
    except ProtocolError as error:
        recorder.lines.append((str(error),))
    return recorder.lines


def bytewise(session: Session) -> Session:
    return [Chunk(side, bytes([byte])) for side, data in session for byte in data]


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Sessions of the model with batches sent together, replies in pieces, copies and additional flushes."""
    model, session = Model(draw(st.randoms(use_true_random=False))), []
    copies = ["CopyInResponse", "CopyOutResponse"]
    for together in draw(st.lists(st.lists(batches, min_size=1, max_size=2), max_size=4)):
        names = [name for batch in together for name in batch]
        words = [word for name in names for word in model.answer(name)]
        asides_ = draw(st.lists(asides | st.sampled_from(copies), max_size=1))
        words[draw(st.integers(0, len(words))) : 0] = asides_
        flushes = draw(st.integers(0, len(words)) | st.none())
        session.append(Chunk("client", client(*names)))
        if flushes is not None:
            session += [Chunk("server", server(*words[:flushes])), Chunk("client", client("Flush"))]
        session.append(Chunk("server", server(*words[flushes or 0 :])))
    return session


@settings(max_examples=500)
@given(sessions())
def test_a_session_from_the_cache_has_the_same_lines_as_one_read_byte_by_byte(session: Session) -> None:
    """Whole batches and replies may be cached; single bytes are always parsed."""
    read = lines_of(bytewise(session))
    assert [lines_of(session) for _ in range(2)] == [read, read]


ASK = [Chunk("client", client("Query")), Chunk("server", server("CommandComplete", "ReadyForQuery"))]
BIND, BOUND = Chunk("client", client("Bind", "Sync")), Chunk("server", server("BindComplete"))
COPIED = [
    Chunk("client", client("Parse", "Bind", "Execute", "Sync")),
    Chunk("server", server("ParseComplete", "BindComplete", "CopyInResponse")),
    Chunk("server", server("ErrorResponse")),
]
QUOTED = message("client", "Query", client("Query") + b"\0")  # its SQL looks like a whole message
NOTICE = server("NoticeResponse")
QUOTING = message("server", "NoticeResponse", ASK[1].data + b"\0")
FLUSH, READY = Chunk("client", client("Flush")), Chunk("server", server("ReadyForQuery"))


@pytest.mark.parametrize(
    "session",
    [
        # the Flush is at the place of the message that has its reply
        [BIND, BOUND, FLUSH, READY, BIND, READY],
        [BIND, Chunk("server", BOUND.data + READY.data), BIND, BOUND, FLUSH, Chunk("server", BOUND.data + READY.data)],
        # a copy fails, and the server replies to the Sync that it seemed to ignore
        [
            *ASK, *COPIED, READY, *ASK,
            Chunk("client", client("Bind", "Execute", "Flush")), Chunk("server", server("BindComplete", "CommandComplete")),
        ],
        # the server ignored two Syncs, and after another reply it cannot reply to the second one
        [*ASK, Chunk("client", COPIED[0].data + client("Sync")), *COPIED[1:], READY, *ASK, READY],
        # a message is inside another one, or the next message has begun
        [*ASK, Chunk("client", QUOTED[:5]), ASK[0], Chunk("client", b"\0")],
        [*ASK, Chunk("server", QUOTING[:5]), ASK[0], ASK[1], Chunk("server", b"\0"), ASK[1]],
        2 * [ASK[0], Chunk("server", ASK[1].data + NOTICE[:3]), Chunk("server", NOTICE[3:])],
    ],
)  # fmt: skip
def test_a_session_that_almost_repeats_is_not_read_from_the_cache(session: Session) -> None:
    read = lines_of(bytewise(session))
    assert [lines_of(session) for _ in range(2)] == [read, read]
