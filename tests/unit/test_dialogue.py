"""What clients ask and what answers it: real sessions however they are split, sessions of a model, and nonsense."""

import random
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.dialogue import Batch, Diagnostic, Dialogue, Notification, Parameter, Part, Passage, Reply
from harness.wire.messages import BATCH, ProtocolError
from harness.wire.rules import ANSWERS
from tests.captures import Said, Session, Side, load
from tests.wire import Line, Listener, client, cuts, message, server

CAPTURES = {
    f"{name}-{title}": session for name in ("psycopg", "postgres") for title, session in load(name).items()
}
captures = pytest.mark.parametrize("session", CAPTURES.values(), ids=CAPTURES.keys())


def said(session: Session, side: Side) -> bytes:
    return b"".join(data for speaker, data in session if speaker == side)


def asked_and_answered(told: list[Line]) -> list[Line]:
    return [line for line in told if line[0] in ("batch", "reply")]


def refusal(session: Session, begun: bool = True) -> str:
    with pytest.raises(ProtocolError) as caught:
        Listener(begun).hear(*session)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Real sessions

LOCK = "SELECT pg_try_advisory_lock"
EXPECTED = {
    "psycopg-parameters": [
        ("batch", f"{LOCK}(209001)"),
        ("reply", f"{LOCK}(209001)", "I"),
        ("batch", "SELECT 7::int4, -1099511627776::int8, 'it''s so', NULL::bool"),
        ("reply", "SELECT 7::int4, -1099511627776::int8, 'it''s so', NULL::bool", "I"),
    ],
    "psycopg-prepared": [
        ("batch", f"Parse {LOCK}($1)"),
        ("reply", f"Parse {LOCK}($1)", "I"),
        ("batch", f"{LOCK}(209001)"),
        ("reply", f"{LOCK}(209001)", "I"),
        ("batch", f"{LOCK}(209002)"),
        ("reply", f"{LOCK}(209002)", "I"),
        ("batch", "DEALLOCATE ALL"),
        ("reply", "DEALLOCATE ALL", "I"),
        ("batch", "DEALLOCATE ALL"),
        ("reply", "DEALLOCATE ALL", "I"),
    ],
    "psycopg-pipeline": [
        ("batch", f"{LOCK}(209001); {LOCK}(209002)"),
        ("reply", f"{LOCK}(209001); {LOCK}(209002)", None),
        ("batch", "SELECT 1"),
        ("reply", "SELECT 1", "I"),
        ("batch", "SELECT 2"),
        ("reply", "SELECT 2", "I"),
    ],
    "psycopg-transactions": [
        ("batch", "BEGIN"),
        ("reply", "BEGIN", "T"),
        ("batch", "SELECT pg_advisory_xact_lock(209001)"),
        ("reply", "SELECT pg_advisory_xact_lock(209001)", "T"),
        ("batch", "COMMIT"),
        ("reply", "COMMIT", "I"),
        ("batch", "BEGIN"),
        ("reply", "BEGIN", "T"),
        ("batch", "SELECT wrong"),
        ("reply", "SELECT wrong", "E", "42703"),
        ("batch", "ROLLBACK"),
        ("reply", "ROLLBACK", "I"),
    ],
    "psycopg-extended_copies": [
        ("batch", "COPY numbers FROM STDIN"),
        ("reply", "COPY numbers FROM STDIN", "I"),
        ("batch", "COPY numbers FROM STDIN"),
        ("reply", "COPY numbers FROM STDIN", "I", "22P02"),
        ("batch", "SELECT 'after'"),
        ("reply", "SELECT 'after'", "I"),
    ],
    "psycopg-terminated": [("batch", "SELECT pg_terminate_backend(pg_backend_pid())")],
    "postgres-unprepared": [
        ("batch", f"Parse {LOCK}($1::bigint) AS granted"),
        ("reply", f"Parse {LOCK}($1::bigint) AS granted", None),
        ("batch", f"{LOCK}(209001::bigint) AS granted"),
        ("reply", f"{LOCK}(209001::bigint) AS granted", "I"),
        ("batch", f"Parse {LOCK}($1::bigint) AS granted"),
        ("reply", f"Parse {LOCK}($1::bigint) AS granted", None),
        ("batch", f"{LOCK}(209002::bigint) AS granted"),
        ("reply", f"{LOCK}(209002::bigint) AS granted", "I"),
    ],
    "postgres-cursor": [
        *(
            (kind, "SELECT generate_series(1, 5)", *status)
            for _ in range(3)
            for kind, *status in (("batch",), ("reply", None))
        ),
        ("batch", "Sync"),
        ("reply", "Sync", "I"),
    ],
    "postgres-copies": [
        ("batch", "COPY numbers FROM STDIN"),
        ("reply", "COPY numbers FROM STDIN", "I"),
        ("batch", "COPY numbers TO STDOUT"),
        ("reply", "COPY numbers TO STDOUT", "I"),
    ],
}


@pytest.mark.parametrize("title", EXPECTED)
def test_a_real_session_is_told_as_it_was(title: str) -> None:
    assert asked_and_answered(Listener(begun=False).hear(*CAPTURES[title])) == EXPECTED[title]


@captures
def test_every_byte_of_a_real_session_is_in_its_parts(session: Session) -> None:
    listener = Listener(begun=False)
    listener.hear(*session)
    assert listener.raw == said(session, "client")
    assert listener.dialogue.unfinished == b""


@captures
def test_a_real_session_means_the_same_in_single_bytes(session: Session) -> None:
    bytewise = [Said(side, bytes([byte])) for side, data in session for byte in data]
    assert Listener(begun=False).hear(*bytewise) == Listener(begun=False).hear(*session)


@given(st.data(), st.sampled_from(list(CAPTURES)))
def test_a_real_session_means_the_same_however_it_is_split(data: st.DataObject, title: str) -> None:
    session = CAPTURES[title]
    split = [Said(side, piece) for side, whole in session for piece in data.draw(cuts(whole))]
    assert Listener(begun=False).hear(*split) == Listener(begun=False).hear(*session)


@captures
def test_a_real_session_cut_short_at_any_byte_has_told_what_it_had_told(session: Session) -> None:
    """Whoever goes away in the midst of a message leaves no part of it, and nothing that is known is unsaid."""
    whole = Listener(begun=False).hear(*session)
    listener, clients = Listener(begun=False), b""
    for side, data in session:
        for byte in data:
            listener.hear(Said(side, bytes([byte])))
            if side == "client":
                clients += bytes([byte])
                assert listener.raw + listener.dialogue.unfinished == clients
        assert listener.told == whole[: len(listener.told)]


# in a copy, what passes depends on what the server has said
@pytest.mark.parametrize("title", [title for title in CAPTURES if "cop" not in title])
def test_a_client_that_waits_for_nothing_is_answered_the_same(title: str) -> None:
    session = CAPTURES[title]
    eager = [Said("client", said(session, "client")), Said("server", said(session, "server"))]

    def kinds(told: list[Line]) -> list[list[Line]]:
        return [
            [line for line in told if (line[0] in ("batch", "passage")) is asks] for asks in (True, False)
        ]

    assert kinds(Listener(begun=False).hear(*eager)) == kinds(Listener(begun=False).hear(*session))


@given(st.sampled_from(list(CAPTURES)), st.randoms(use_true_random=False))
def test_a_broken_byte_in_a_real_session_moves_no_boundary_before_it(title: str, luck: random.Random) -> None:
    session = list(CAPTURES[title])
    at = luck.randrange(len(session))
    side, data = session[at]
    where = luck.randrange(len(data))
    session[at] = Said(side, data[:where] + bytes([luck.randrange(256)]) + data[where + 1 :])
    good = Listener(begun=False).hear(*session[:at], Said(side, data[:where]))
    listener, refused = Listener(begun=False), ""
    try:
        listener.hear(*session)
    except ProtocolError as error:
        refused = str(error)
    assert "\n" not in refused
    assert listener.told[: len(good)] == good
    assert said(session, "client").startswith(listener.raw)


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
        if name not in ANSWERS:
            return []
        first, last = ANSWERS[name]
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
    assert list(dialogue.from_server(server("ReadyForQuery"))) == []
    stream = b"".join(client(*names) for names in asked)
    parts = [part for piece in data.draw(cuts(stream)) for part in dialogue.from_client(piece)]
    assert [list(part.names) for part in parts] == asked

    expected: list[Told] = []
    told: list[Told] = []
    spoken = 0

    def note(events: list[Reply]) -> None:
        told.extend((spoken, reply.batch, reply.status, len(reply.errors)) for reply in events)

    for part in parts if eager else []:
        note(dialogue.sent(part))
    for part in parts:
        words = [word for name in part.names for word in model.answer(name)]
        status = "I" if "ReadyForQuery" in words else None
        expected.append((spoken + len(words), part, status, words.count("ErrorResponse")))
        if not eager:
            note(dialogue.sent(part))
        for word in words:
            spoken += 1
            aside = data.draw(st.lists(asides, max_size=1))
            events = dialogue.from_server(server(*aside, word))
            note([event for event in events if isinstance(event, Reply)])
    assert told == expected


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


# Copies

EXTENDED = ("Parse", "Bind", "Execute", "Sync")


def replies(told: list[Line]) -> list[Line]:
    return [line[2:] for line in told if line[0] == "reply"]


def passed(parts: list[Batch | Passage]) -> list[bool]:
    return [isinstance(part, Passage) for part in parts]


def test_a_copy_by_query_has_one_reply() -> None:
    listener = Listener()
    listener.client(client("Query"))
    assert not listener.copies_in()
    listener.server(server("CopyInResponse"))
    assert listener.copies_in()
    assert all(passed(listener.client(client("CopyData", "Sync", "Flush", "CopyData"))))
    assert listener.copies_in()
    assert passed(listener.client(client("CopyDone", "Query"))) == [True, False]
    assert not listener.copies_in()
    listener.server(server("CommandComplete", "ReadyForQuery"))
    listener.server(server("RowDescription", "CommandComplete", "ReadyForQuery"))
    assert replies(listener.told) == [("I",), ("I",)]


@pytest.mark.parametrize(
    "end", [("CopyDone",), ("CopyFail",), ("CopyDone", "Flush"), ("Sync", "Flush", "CopyDone")]
)
def test_the_sync_after_the_data_ends_the_batch_that_asked_to_copy(end: tuple[str, ...]) -> None:
    listener = Listener()
    listener.client(client(*EXTENDED))
    listener.server(server("ParseComplete", "BindComplete", "CopyInResponse"))
    assert all(passed(listener.client(client("CopyData", *end, "Sync"))))
    fails = "CopyFail" in end
    listener.server(server("ErrorResponse" if fails else "CommandComplete"))
    assert replies(listener.told) == []
    listener.server(server("ReadyForQuery"))
    assert replies(listener.told) == [("I", "22012") if fails else ("I",)]
    assert passed(listener.client(client("Sync"))) == [False]


def test_data_that_come_unasked_end_before_the_sync() -> None:
    """The client did not wait for CopyInResponse, so the Sync of the batch comes after the copy."""
    listener = Listener()
    listener.client(client("Parse", "Bind", "Execute", "CopyData", "CopyDone", "Sync"))
    listener.server(server("ParseComplete", "BindComplete", "CopyInResponse", "CommandComplete"))
    assert replies(listener.told) == []
    (batch,) = listener.client(client("Sync"))
    assert isinstance(batch, Batch)
    listener.server(server("ReadyForQuery", "ReadyForQuery"))
    assert replies(listener.told) == [("I",), ("I",)]


def test_a_batch_that_the_server_ignores_while_it_copies_is_not_waited_for() -> None:
    listener = Listener()
    listener.client(client("Parse", "Bind", "Execute", "Flush", "Sync"))
    listener.server(server("ParseComplete", "BindComplete", "CopyInResponse"))
    listener.client(client("CopyDone", "Sync"))
    listener.server(server("CommandComplete"))
    listener.server(server("ReadyForQuery"))
    assert replies(listener.told) == [(None,), ("I",)]


@pytest.mark.parametrize("sync_first", [True, False])
def test_a_copy_may_fail_before_the_first_sync_is_read(sync_first: bool) -> None:
    """Then that Sync was not ignored, and both are answered."""
    listener = Listener()
    listener.client(client(*EXTENDED))
    listener.server(server("ParseComplete", "BindComplete", "CopyInResponse", "ErrorResponse"))
    assert not listener.copies_in()
    first, second = (message("server", "ReadyForQuery", status) for status in (b"E", b"I"))
    if sync_first:
        assert all(passed(listener.client(client("CopyData", "CopyFail", "Sync"))))
        listener.server(first)
    else:
        listener.server(first)
        listener.client(client("CopyData", "CopyFail", "Sync"))
    assert listener.status() == "E"
    listener.server(second)
    assert listener.status() == "I"
    assert replies(listener.told)[0] == (None, "22012")
    listener.client(client("Query"))
    listener.server(server("CommandComplete", "ReadyForQuery"))
    assert replies(listener.told)[-1] == ("I",)
    with pytest.raises(ProtocolError, match="nothing is asked"):
        listener.server(server("ReadyForQuery"))


@pytest.mark.parametrize("answered", [1, 2])
def test_no_more_syncs_are_answered_than_there_were(answered: int) -> None:
    """One is ignored if the copy goes well; if it fails early, that is answered once."""
    listener = Listener()
    listener.client(client(*EXTENDED))
    listener.server(server("ParseComplete", "BindComplete", "CopyInResponse"))
    if answered == 2:
        listener.server(server("ErrorResponse"))
        listener.client(client("CopyDone", "Sync"))
    else:
        listener.client(client("CopyDone", "Sync"))
        listener.server(server("CommandComplete"))
    listener.server(server("ReadyForQuery") * answered)
    with pytest.raises(ProtocolError, match="nothing is asked"):
        listener.server(server("ReadyForQuery"))


def test_after_a_copy_that_failed_the_client_asks_on() -> None:
    listener = Listener()
    listener.client(client("Query"))
    listener.server(server("CopyInResponse", "ErrorResponse"))
    assert passed(listener.client(client("Query"))) == [False]
    listener.server(server("ReadyForQuery", "CommandComplete", "ReadyForQuery"))
    assert replies(listener.told) == [("I", "22012"), ("I",)]


def test_a_server_may_end_the_copy_itself() -> None:
    listener = Listener()
    listener.client(client("Query"))
    listener.server(server("CopyInResponse", "CommandComplete", "ReadyForQuery"))
    assert not listener.copies_in()
    assert passed(listener.client(client("Query"))) == [False]


def test_both_may_copy() -> None:
    listener = Listener()
    listener.client(client("Query"))
    listener.server(server("CopyBothResponse", "CopyData"))
    listener.client(client("CopyData", "CopyDone"))
    listener.server(server("CopyData", "CopyDone", "CommandComplete", "ReadyForQuery"))
    assert replies(listener.told) == [("I",)]


# Nonsense


@pytest.mark.parametrize(
    ("session", "why"),
    [
        ([("client", client("PasswordMessage"))], "the client sent PasswordMessage after the start"),
        ([("client", client("Query")), ("server", server("CopyInResponse")), ("client", client("Query"))], "the client sent Query while it copies in"),
        ([("client", client("Query")), ("server", server("CopyInResponse")), ("client", client("Sync", "Query"))], "the client sent Query while it copies in"),
        ([("client", client("Query")), ("server", server("CopyInResponse")), ("client", client("Flush", "Query"))], "the client sent Query while it copies in"),
        ([("server", server("DataRow"))], "the server sent DataRow, but nothing is asked"),
        ([("server", server("ReadyForQuery"))], "the server sent ReadyForQuery, but nothing is asked"),
        ([("server", server("ErrorResponse"))], "the server sent ErrorResponse, but nothing is asked: division by zero"),
        ([("client", client(*EXTENDED)), ("server", server("BindComplete"))], "the server sent BindComplete, but Parse is to be answered"),
        ([("client", client("Parse", "Bind")), ("server", server("ParseComplete"))], "ParseComplete, but nothing is asked"),
        ([("client", client("Sync")), ("server", server("ErrorResponse", "CommandComplete"))], "CommandComplete, but Sync is to be answered"),
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
    with pytest.raises(ProtocolError, match=f"without Sync or Flush: {BATCH} is the most"):
        listener.client(message("client", "Parse", sql))


def test_nothing_but_the_start_is_answered_while_the_session_starts() -> None:
    asked = [Said("client", client("Query")), Said("server", server("Authentication", "DataRow"))]
    assert refusal(asked, begun=False) == "the server sent DataRow, but StartupMessage is to be answered"


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
        st.tuples(st.just("server"), st.sampled_from(sorted({word for answer in ANSWERS.values() for words in answer for word in words} | {"ErrorResponse"}))),
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
