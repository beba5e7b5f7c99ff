"""During COPY FROM STDIN the server ignores Sync and Flush; each batch still has exactly one reply."""

import pytest

from lock_harness.wire.messages import ProtocolError
from lock_harness.wire.parts import Batch, PassThrough
from tests.wire import DialogueRecorder, Line, client, message, server

EXTENDED = ("Parse", "Bind", "Execute", "Sync")


def replies(lines: list[Line]) -> list[Line]:
    return [line[2:] for line in lines if line[0] == "reply"]


def passed(parts: list[Batch | PassThrough]) -> list[bool]:
    return [isinstance(part, PassThrough) for part in parts]


def test_a_copy_by_a_simple_query_has_one_reply() -> None:
    recorder = DialogueRecorder()
    recorder.client(client("Query"))
    assert not recorder.copying_in()
    recorder.server(server("CopyInResponse"))
    assert recorder.copying_in()
    assert all(passed(recorder.client(client("CopyData", "Sync", "Flush", "CopyData"))))
    assert recorder.copying_in()
    assert passed(recorder.client(client("CopyDone", "Query"))) == [True, False]
    assert not recorder.copying_in()
    recorder.server(server("CommandComplete", "ReadyForQuery"))
    recorder.server(server("RowDescription", "CommandComplete", "ReadyForQuery"))
    assert replies(recorder.lines) == [("I",), ("I",)]


@pytest.mark.parametrize(
    "end", [("CopyDone",), ("CopyFail",), ("CopyDone", "Flush"), ("Sync", "Flush", "CopyDone")]
)
def test_the_sync_after_the_copy_data_ends_the_batch_that_began_the_copy(end: tuple[str, ...]) -> None:
    recorder = DialogueRecorder()
    recorder.client(client(*EXTENDED))
    recorder.server(server("ParseComplete", "BindComplete", "CopyInResponse"))
    assert all(passed(recorder.client(client("CopyData", *end, "Sync"))))
    fails = "CopyFail" in end
    recorder.server(server("ErrorResponse" if fails else "CommandComplete"))
    assert replies(recorder.lines) == []
    recorder.server(server("ReadyForQuery"))
    assert replies(recorder.lines) == [("I", "22012") if fails else ("I",)]
    assert passed(recorder.client(client("Sync"))) == [False]


def test_copy_data_that_are_sent_early_end_before_the_sync_of_the_batch() -> None:
    """The client did not wait for CopyInResponse, so the Sync of the batch comes after the copy."""
    recorder = DialogueRecorder()
    recorder.client(client("Parse", "Bind", "Execute", "CopyData", "CopyDone", "Sync"))
    recorder.server(server("ParseComplete", "BindComplete", "CopyInResponse", "CommandComplete"))
    assert replies(recorder.lines) == []
    (batch,) = recorder.client(client("Sync"))
    assert isinstance(batch, Batch)
    recorder.server(server("ReadyForQuery", "ReadyForQuery"))
    assert replies(recorder.lines) == [("I",), ("I",)]


def test_a_sync_that_the_server_ignores_during_a_copy_gets_no_reply() -> None:
    recorder = DialogueRecorder()
    recorder.client(client("Parse", "Bind", "Execute", "Flush", "Sync"))
    recorder.server(server("ParseComplete", "BindComplete", "CopyInResponse"))
    recorder.client(client("CopyDone", "Sync"))
    recorder.server(server("CommandComplete"))
    recorder.server(server("ReadyForQuery"))
    assert replies(recorder.lines) == [(None,), ("I",)]


@pytest.mark.parametrize("sync_first", [True, False])
def test_a_copy_that_fails_before_the_first_sync_is_read_has_two_ready_messages(sync_first: bool) -> None:
    """The server did not ignore that Sync, so it replies to both."""
    recorder = DialogueRecorder()
    recorder.client(client(*EXTENDED))
    recorder.server(server("ParseComplete", "BindComplete", "CopyInResponse", "ErrorResponse"))
    assert not recorder.copying_in()
    first, second = (message("server", "ReadyForQuery", status) for status in (b"E", b"I"))
    if sync_first:
        assert all(passed(recorder.client(client("CopyData", "CopyFail", "Sync"))))
        recorder.server(first)
    else:
        recorder.server(first)
        recorder.client(client("CopyData", "CopyFail", "Sync"))
    assert recorder.status() == "E"
    recorder.server(second)
    assert recorder.status() == "I"
    assert replies(recorder.lines)[0] == (None, "22012")
    recorder.client(client("Query"))
    recorder.server(server("CommandComplete", "ReadyForQuery"))
    assert replies(recorder.lines)[-1] == ("I",)
    with pytest.raises(ProtocolError, match="no reply is due"):
        recorder.server(server("ReadyForQuery"))


@pytest.mark.parametrize("answered", [1, 2])
def test_a_copy_has_no_more_ready_messages_than_syncs(answered: int) -> None:
    """The server ignores one Sync if the COPY succeeds; if it fails early, the server replies to that Sync once."""
    recorder = DialogueRecorder()
    recorder.client(client(*EXTENDED))
    recorder.server(server("ParseComplete", "BindComplete", "CopyInResponse"))
    if answered == 2:
        recorder.server(server("ErrorResponse"))
        recorder.client(client("CopyDone", "Sync"))
    else:
        recorder.client(client("CopyDone", "Sync"))
        recorder.server(server("CommandComplete"))
    recorder.server(server("ReadyForQuery") * answered)
    with pytest.raises(ProtocolError, match="no reply is due"):
        recorder.server(server("ReadyForQuery"))


def test_the_client_can_send_a_query_after_a_failed_copy() -> None:
    recorder = DialogueRecorder()
    recorder.client(client("Query"))
    recorder.server(server("CopyInResponse", "ErrorResponse"))
    assert passed(recorder.client(client("Query"))) == [False]
    recorder.server(server("ReadyForQuery", "CommandComplete", "ReadyForQuery"))
    assert replies(recorder.lines) == [("I", "22012"), ("I",)]


def test_the_server_may_end_a_copy_by_itself() -> None:
    recorder = DialogueRecorder()
    recorder.client(client("Query"))
    recorder.server(server("CopyInResponse", "CommandComplete", "ReadyForQuery"))
    assert not recorder.copying_in()
    assert passed(recorder.client(client("Query"))) == [False]


def test_both_sides_may_copy_at_once() -> None:
    recorder = DialogueRecorder()
    recorder.client(client("Query"))
    recorder.server(server("CopyBothResponse", "CopyData"))
    recorder.client(client("CopyData", "CopyDone"))
    recorder.server(server("CopyData", "CopyDone", "CommandComplete", "ReadyForQuery"))
    assert replies(recorder.lines) == [("I",)]
