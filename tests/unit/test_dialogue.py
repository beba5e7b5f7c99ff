"""What clients ask and what answers it: with a model of a server, case by case, and in nonsense."""

import random
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lock_harness.wire import dialogue
from lock_harness.wire.cache import BoundedCache
from lock_harness.wire.dialogue import Dialogue
from lock_harness.wire.events import Diagnostic, Notification, Parameter, Reply
from lock_harness.wire.messages import BATCH, ProtocolError
from lock_harness.wire.parts import Batch, Part
from lock_harness.wire.rules import EXPECTED_REPLIES
from tests.captures import Said, Session, Side, said
from tests.wire import Line, Listener, client, cuts, message, server


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test heard is not remembered in the next."""
    monkeypatch.setattr(dialogue, "_replies", BoundedCache(500))


def refusal(session: Session, begun: bool = True) -> str:
    with pytest.raises(ProtocolError) as caught:
        Listener(begun).hear(*session)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Sessions of a model


class Model:
    """A server as the manual has it, in the fewest words: takes one message, gives its answer, by luck an error."""

    def __init__(self, luck: random.Random) -> None:
        self.skips = False
        self._luck = luck

    def answer(self, name: str) -> list[str]:
        if self.skips and name != "Sync":
            return []
        self.skips = False
        if name not in EXPECTED_REPLIES:
            return []
        first, last = EXPECTED_REPLIES[name]
        spoken = [word for word in sorted(first) if self._luck.random() < 0.3 and not word.startswith("Copy")]
        if self._luck.random() < 0.2:
            self.skips = "ReadyForQuery" not in last
            return [*spoken, "ErrorResponse", *last & {"ReadyForQuery"}]
        return [*spoken, self._luck.choice(sorted(last))]


BODIES = ["Parse", "Bind", "Describe", "Execute", "Close"]
ENDS = ["Sync", "Flush"]
batches = st.one_of(
    st.sampled_from([["Query"], ["FunctionCall"]]),
    st.tuples(st.lists(st.sampled_from(BODIES), min_size=1, max_size=5), st.sampled_from(ENDS)).map(
        lambda drawn: [*drawn[0], drawn[1]]
    ),
    st.just(["Sync"]),
)
asides = st.sampled_from(["NoticeResponse", "ParameterStatus", "NotificationResponse"])


# after how many messages, to what, with which status, with how many errors
Told = tuple[int, Part, str | None, int]


@given(st.data(), st.lists(batches, max_size=6), st.randoms(use_true_random=False), st.booleans())
def test_a_reply_is_complete_with_its_last_message_and_not_before(
    data: st.DataObject, asked: list[list[str]], luck: random.Random, eager: bool
) -> None:
    """Whether the batches are sent all at once, or each when the one before it has been answered."""
    model, dialogue = Model(luck), Dialogue()
    assert list(dialogue.feed_server(server("ReadyForQuery"))) == []
    stream = b"".join(client(*names) for names in asked)
    parts = [part for piece in data.draw(cuts(stream)) for part in dialogue.feed_client(piece)]
    assert [list(part.names) for part in parts] == asked

    expected: list[Told] = []
    told: list[Told] = []
    spoken = 0

    def note(events: list[Reply]) -> None:
        told.extend((spoken, reply.batch, reply.status, len(reply.errors)) for reply in events)

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
    assert told == expected


def heard(session: Session) -> list[Line]:
    """What is told of it; in the end perhaps what is wrong with it."""
    listener = Listener()
    try:
        listener.hear(*session)
    except ProtocolError as error:
        listener.told.append((str(error),))
    return listener.told


def bytewise(session: Session) -> Session:
    return [Said(side, bytes([byte])) for side, said in session for byte in said]


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """A model's, in which some batches are sent together, and answers come in pieces, with copies and single flushes."""
    model, session = Model(draw(st.randoms(use_true_random=False))), []
    copies = ["CopyInResponse", "CopyOutResponse"]
    for together in draw(st.lists(st.lists(batches, min_size=1, max_size=2), max_size=4)):
        names = [name for batch in together for name in batch]
        words = [word for name in names for word in model.answer(name)]
        asides_ = draw(st.lists(asides | st.sampled_from(copies), max_size=1))
        words[draw(st.integers(0, len(words))) : 0] = asides_
        flushes = draw(st.integers(0, len(words)) | st.none())
        session.append(Said("client", client(*names)))
        if flushes is not None:
            session += [Said("server", server(*words[:flushes])), Said("client", client("Flush"))]
        session.append(Said("server", server(*words[flushes or 0 :])))
    return session


@settings(max_examples=500)
@given(sessions())
def test_what_is_said_again_means_what_it_meant_byte_by_byte(session: Session) -> None:
    """What came whole may be remembered; what comes in single bytes is read."""
    read = heard(bytewise(session))
    assert [heard(session) for _ in range(2)] == [read, read]


ASK = [Said("client", client("Query")), Said("server", server("CommandComplete", "ReadyForQuery"))]
BIND, BOUND = Said("client", client("Bind", "Sync")), Said("server", server("BindComplete"))
COPIED = [
    Said("client", client("Parse", "Bind", "Execute", "Sync")),
    Said("server", server("ParseComplete", "BindComplete", "CopyInResponse")),
    Said("server", server("ErrorResponse")),
]
QUOTED = message("client", "Query", client("Query") + b"\0")  # what it asks for looks like a whole message
NOTICE = server("NoticeResponse")
QUOTING = message("server", "NoticeResponse", ASK[1].data + b"\0")
FLUSH, READY = Said("client", client("Flush")), Said("server", server("ReadyForQuery"))


@pytest.mark.parametrize(
    "session",
    [
        # the Flush stands where the answered message stood
        [BIND, BOUND, FLUSH, READY, BIND, READY],
        [BIND, Said("server", BOUND.data + READY.data), BIND, BOUND, FLUSH, Said("server", BOUND.data + READY.data)],
        # a copy fails, and the Sync that it ignored is answered after all
        [
            *ASK, *COPIED, READY, *ASK,
            Said("client", client("Bind", "Execute", "Flush")), Said("server", server("BindComplete", "CommandComplete")),
        ],
        # it ignored two, and after another answer it cannot come back to the second one
        [*ASK, Said("client", COPIED[0].data + client("Sync")), *COPIED[1:], READY, *ASK, READY],
        # a message is in the midst of another one, or the next one has begun
        [*ASK, Said("client", QUOTED[:5]), ASK[0], Said("client", b"\0")],
        [*ASK, Said("server", QUOTING[:5]), ASK[0], ASK[1], Said("server", b"\0"), ASK[1]],
        2 * [ASK[0], Said("server", ASK[1].data + NOTICE[:3]), Said("server", NOTICE[3:])],
    ],
)  # fmt: skip
def test_what_is_almost_said_again_is_read(session: Session) -> None:
    read = heard(bytewise(session))
    assert [heard(session) for _ in range(2)] == [read, read]


def test_the_client_may_ask_before_the_session_has_begun() -> None:
    listener = Listener(begun=False)
    listener.hear(Said("client", client("Query")), Said("server", server("Authentication", "ReadyForQuery")))
    assert listener.told == [("batch", "SELECT 1")]
    listener.server(server("RowDescription", "DataRow", "CommandComplete", "ReadyForQuery"))
    assert listener.told[1:] == [("reply", "SELECT 1", "I")]


# What belongs together


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["Query", "Query"], [["Query"], ["Query"]]),
        (["Parse", "Sync", "Bind", "Sync"], [["Parse", "Sync"], ["Bind", "Sync"]]),
        (["Parse", "Describe", "Flush", "Bind", "Execute", "Sync"], [["Parse", "Describe", "Flush"], ["Bind", "Execute", "Sync"]]),
        (["Parse", "Query", "Sync"], [["Parse", "Query"], ["Sync"]]),
        (["Bind", "Terminate"], [["Bind", "Terminate"]]),
        (["Bind", "CopyData", "CopyDone", "Sync"], [["Bind", "CopyData", "CopyDone", "Sync"]]),
        (["Flush", "Flush", "Terminate"], [["Flush"], ["Flush"], ["Terminate"]]),
        (["CopyData", "CopyFail", "Sync"], [["CopyData"], ["CopyFail"], ["Sync"]]),
    ],
)  # fmt: skip
def test_where_a_batch_ends(names: list[str], parts: list[list[str]]) -> None:
    listener = Listener()
    assert [list(part.names) for part in listener.client(client(*names))] == parts


def test_what_is_open_is_unfinished() -> None:
    listener = Listener()
    listener.client(client("Query", "Parse", "Bind") + b"E\0")
    assert listener.told == [("batch", "SELECT 1")]
    assert listener.dialogue.unfinished == client("Parse", "Bind") + b"E\0"


def test_two_batches_are_two_even_if_they_read_alike() -> None:
    listener = Listener()
    first, second = listener.client(client("Query", "Query"))
    events = listener.server(server("CommandComplete", "ReadyForQuery"))
    assert [event.batch is first for event in events if isinstance(event, Reply)] == [True]
    events = listener.server(server("CommandComplete", "ReadyForQuery"))
    assert [event.batch is second for event in events if isinstance(event, Reply)] == [True]


def test_an_eager_flush_after_an_error_has_its_reply_with_it() -> None:
    listener = Listener()
    listener.client(client("Parse", "Flush", "Bind", "Flush", "Sync"))
    listener.server(server("ErrorResponse"))
    listener.server(server("ReadyForQuery"))
    listener.client(client("Parse", "Flush"))
    assert [line for line in listener.told if line[0] == "reply"] == [
        ("reply", "Parse SELECT 1", None, "22012"),
        ("reply", "Bind SELECT 1", None),
        ("reply", "Sync", "I"),
    ]


def test_types_that_the_server_tells_are_used_to_show_values() -> None:
    listener = Listener()
    statement = message("client", "Parse", b"s\0SELECT $1\0\0\0") + message("client", "Describe", b"Ss\0")
    listener.client(statement + client("Flush"))
    listener.server(server("ParseComplete") + message("server", "ParameterDescription", b"\0\1\0\0\0\x14"))
    bind = message("client", "Bind", b"\0s\0" + pack("!HHHiqH", 1, 1, 1, 8, 209001, 0))
    (batch,) = listener.client(bind + client("Execute", "Sync"))
    assert isinstance(batch, Batch)
    assert batch.text == "SELECT 209001"


# What belongs to no batch


def test_what_the_server_says_besides() -> None:
    listener = Listener()
    events = listener.server(server("NoticeResponse", "ParameterStatus", "NotificationResponse"))
    assert events == [
        Diagnostic("NOTICE", "00000", "mind the gap"),
        Parameter("TimeZone", "UTC"),
        Notification(7, "months", "209001"),
    ]
    gone = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"
    (event,) = listener.server(message("server", "ErrorResponse", gone))
    assert event == Diagnostic("FATAL", "57P01", "terminating connection")
    assert event.ends_session


def test_the_status_of_the_transaction() -> None:
    listener = Listener(begun=False)
    told = [listener.status()]
    for status in (b"I", b"T", b"E"):
        listener.server(message("server", "ReadyForQuery", status))
        told.append(listener.status())
        listener.client(client("Query"))
    assert told == [None, "I", "T", "E"]


# Nonsense


@pytest.mark.parametrize(
    ("session", "why"),
    [
        ([("client", client("PasswordMessage"))], "the client sent PasswordMessage after the start of the session"),
        ([("client", client("Query")), ("server", server("CopyInResponse")), ("client", client("Query"))], "the client sent Query during COPY FROM STDIN"),
        ([("client", client("Query")), ("server", server("CopyInResponse")), ("client", client("Sync", "Query"))], "the client sent Query during COPY FROM STDIN"),
        ([("client", client("Query")), ("server", server("CopyInResponse")), ("client", client("Flush", "Query"))], "the client sent Query during COPY FROM STDIN"),
        ([("server", server("DataRow"))], "the server sent DataRow, but no reply is due"),
        ([("server", server("ReadyForQuery"))], "the server sent ReadyForQuery, but no reply is due"),
        ([("server", server("ErrorResponse"))], "the server sent ErrorResponse, but no reply is due: division by zero"),
        ([("client", client("Parse", "Bind", "Sync")), ("server", server("BindComplete"))], "the server sent BindComplete, but the reply to Parse is due"),
        ([("client", client("Parse", "Bind")), ("server", server("ParseComplete"))], "ParseComplete, but no reply is due"),
        ([("client", client("Sync")), ("server", server("ErrorResponse", "CommandComplete"))], "CommandComplete, but the reply to Sync is due"),
        ([("client", client("Query")), ("server", message("server", "ReadyForQuery", b"X"))], "ReadyForQuery with status 'X': it must be I, T or E"),
        ([("client", client("Query")), ("server", message("server", "ErrorResponse", b"Mno end\0"))], "ErrorResponse of length 12 ends too early"),
        ([("client", message("client", "Query", b"SELECT"))], "Query of length 10 ends too early"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(session: Session, why: str) -> None:
    assert why in refusal(session)


def test_a_batch_has_a_limit() -> None:
    listener, sql = Listener(), b"\0" + bytes(BATCH // 2)
    listener.client(message("client", "Query", sql))
    listener.client(message("client", "Parse", sql))
    with pytest.raises(ProtocolError, match=f"without Sync or Flush: the limit is {BATCH}"):
        listener.client(message("client", "Parse", sql))


def test_nothing_but_the_start_is_answered_while_the_session_starts() -> None:
    asked = [Said("client", client("Query")), Said("server", server("Authentication", "DataRow"))]
    assert refusal(asked, begun=False) == "the server sent DataRow, but the reply to StartupMessage is due"


@given(
    st.lists(st.tuples(st.sampled_from(["client", "server"]), st.binary(max_size=40)), max_size=5),
    st.booleans(),
)
def test_garbage_is_refused_in_one_line_or_waited_for(session: Session, begun: bool) -> None:
    listener, refused = Listener(begun), ""
    try:
        listener.hear(*session)
    except ProtocolError as error:
        refused = str(error)
    assert "\n" not in refused
    assert said(session, "client").startswith(listener.raw)


names = st.lists(
    st.one_of(
        st.tuples(st.just("client"), st.sampled_from([*BODIES, *ENDS, "Query", "CopyData", "CopyDone", "Terminate"])),
        st.tuples(st.just("server"), st.sampled_from(sorted({word for answer in EXPECTED_REPLIES.values() for words in answer for word in words} | {"ErrorResponse"}))),
    ),
    max_size=20,
)  # fmt: skip


@given(names, st.booleans())
def test_messages_in_any_order_lose_no_byte_and_no_batch_is_answered_twice(
    spoken: list[tuple[Side, str]], begun: bool
) -> None:
    session = [Said(side, message(side, name)) for side, name in spoken]
    listener, refused = Listener(begun), False
    try:
        listener.hear(*session)
    except ProtocolError:
        refused = True
    kinds = [line[0] for line in listener.told]
    assert kinds.count("reply") <= kinds.count("batch")
    if not refused:
        assert listener.raw + listener.dialogue.unfinished == said(session, "client")
