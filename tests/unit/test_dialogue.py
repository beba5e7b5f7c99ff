"""A dialogue, case by case: its batches, its events, and violations of the protocol."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lock_harness.wire.events import Diagnostic, Notification, Parameter, Reply
from lock_harness.wire.messages import BATCH, ProtocolError
from lock_harness.wire.parts import Batch
from lock_harness.wire.rules import EXPECTED_REPLIES
from tests.captures import Chunk, Session, Side, bytes_of
from tests.wire import BODIES, ENDS, DialogueRecorder, client, message, server

pytestmark = pytest.mark.usefixtures("empty_reply_cache")


def refusal(session: Session, begun: bool = True) -> str:
    with pytest.raises(ProtocolError) as caught:
        DialogueRecorder(begun).feed(*session)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_client_may_send_a_query_before_its_session_has_started() -> None:
    recorder = DialogueRecorder(begun=False)
    recorder.feed(
        Chunk("client", client("Query")), Chunk("server", server("Authentication", "ReadyForQuery"))
    )
    assert recorder.lines == [("batch", "SELECT 1")]
    recorder.server(server("RowDescription", "DataRow", "CommandComplete", "ReadyForQuery"))
    assert recorder.lines[1:] == [("reply", "SELECT 1", "I")]


# Batches


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
def test_the_messages_of_a_client_are_split_into_batches(names: list[str], parts: list[list[str]]) -> None:
    recorder = DialogueRecorder()
    assert [list(part.names) for part in recorder.client(client(*names))] == parts


def test_an_incomplete_batch_is_unfinished() -> None:
    recorder = DialogueRecorder()
    recorder.client(client("Query", "Parse", "Bind") + b"E\0")
    assert recorder.lines == [("batch", "SELECT 1")]
    assert recorder.dialogue.unfinished == client("Parse", "Bind") + b"E\0"


def test_two_equal_batches_have_a_reply_each() -> None:
    recorder = DialogueRecorder()
    first, second = recorder.client(client("Query", "Query"))
    events = recorder.server(server("CommandComplete", "ReadyForQuery"))
    assert [event.batch is first for event in events if isinstance(event, Reply)] == [True]
    events = recorder.server(server("CommandComplete", "ReadyForQuery"))
    assert [event.batch is second for event in events if isinstance(event, Reply)] == [True]


def test_a_flush_that_was_sent_early_has_its_reply_with_the_error_before_it() -> None:
    recorder = DialogueRecorder()
    recorder.client(client("Parse", "Flush", "Bind", "Flush", "Sync"))
    recorder.server(server("ErrorResponse"))
    recorder.server(server("ReadyForQuery"))
    recorder.client(client("Parse", "Flush"))
    assert [line for line in recorder.lines if line[0] == "reply"] == [
        ("reply", "Parse SELECT 1", None, "22012"),
        ("reply", "Bind SELECT 1", None),
        ("reply", "Sync", "I"),
    ]


def test_types_in_a_parameter_description_are_used_to_show_values() -> None:
    recorder = DialogueRecorder()
    statement = message("client", "Parse", b"s\0SELECT $1\0\0\0") + message("client", "Describe", b"Ss\0")
    recorder.client(statement + client("Flush"))
    recorder.server(server("ParseComplete") + message("server", "ParameterDescription", b"\0\1\0\0\0\x14"))
    bind = message("client", "Bind", b"\0s\0" + pack("!HHHiqH", 1, 1, 1, 8, 209001, 0))
    (batch,) = recorder.client(bind + client("Execute", "Sync"))
    assert isinstance(batch, Batch)
    assert batch.text == "SELECT 209001"


# Messages that belong to no batch


def test_notices_parameters_and_notifications_are_events_of_no_batch() -> None:
    recorder = DialogueRecorder()
    events = recorder.server(server("NoticeResponse", "ParameterStatus", "NotificationResponse"))
    assert events == [
        Diagnostic("NOTICE", "00000", "mind the gap"),
        Parameter("TimeZone", "UTC"),
        Notification(7, "months", "209001"),
    ]
    gone = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"
    (event,) = recorder.server(message("server", "ErrorResponse", gone))
    assert event == Diagnostic("FATAL", "57P01", "terminating connection")
    assert event.ends_session


def test_the_transaction_status_is_that_of_the_latest_ready_message() -> None:
    recorder = DialogueRecorder(begun=False)
    statuses = [recorder.status()]
    for status in (b"I", b"T", b"E"):
        recorder.server(message("server", "ReadyForQuery", status))
        statuses.append(recorder.status())
        recorder.client(client("Query"))
    assert statuses == [None, "I", "T", "E"]


# Violations of the protocol


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
def test_a_violation_of_the_protocol_is_reported(session: Session, why: str) -> None:
    assert why in refusal(session)


def test_a_batch_that_is_too_long_is_rejected() -> None:
    recorder, sql = DialogueRecorder(), b"\0" + bytes(BATCH // 2)
    recorder.client(message("client", "Query", sql))
    recorder.client(message("client", "Parse", sql))
    with pytest.raises(ProtocolError, match=f"without Sync or Flush: the limit is {BATCH}"):
        recorder.client(message("client", "Parse", sql))


def test_only_the_startup_message_gets_a_reply_during_the_start() -> None:
    asked = [Chunk("client", client("Query")), Chunk("server", server("Authentication", "DataRow"))]
    assert refusal(asked, begun=False) == "the server sent DataRow, but the reply to StartupMessage is due"


@given(
    st.lists(st.tuples(st.sampled_from(["client", "server"]), st.binary(max_size=40)), max_size=5),
    st.booleans(),
)
def test_garbage_in_a_session_is_rejected_in_one_line_or_waited_for(session: Session, begun: bool) -> None:
    recorder, refused = DialogueRecorder(begun), ""
    try:
        recorder.feed(*session)
    except ProtocolError as error:
        refused = str(error)
    assert "\n" not in refused
    assert bytes_of(session, "client").startswith(recorder.raw)


names = st.lists(
    st.one_of(
        st.tuples(st.just("client"), st.sampled_from([*BODIES, *ENDS, "Query", "CopyData", "CopyDone", "Terminate"])),
        st.tuples(st.just("server"), st.sampled_from(sorted({word for answer in EXPECTED_REPLIES.values() for words in answer for word in words} | {"ErrorResponse"}))),
    ),
    max_size=20,
)  # fmt: skip


@given(names, st.booleans())
def test_messages_in_any_order_lose_no_byte_and_no_batch_has_two_replies(
    spoken: list[tuple[Side, str]], begun: bool
) -> None:
    session = [Chunk(side, message(side, name)) for side, name in spoken]
    recorder, refused = DialogueRecorder(begun), False
    try:
        recorder.feed(*session)
    except ProtocolError:
        refused = True
    kinds = [line[0] for line in recorder.lines]
    assert kinds.count("reply") <= kinds.count("batch")
    if not refused:
        assert recorder.raw + recorder.dialogue.unfinished == bytes_of(session, "client")
