"""Recorded sessions are read the same however they are split, and broken ones fail cleanly."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lock_harness.wire.messages import ProtocolError
from tests.captures import Chunk, Session, bytes_of, load
from tests.wire import DialogueRecorder, Line, cuts

CAPTURES = {
    f"{name}-{title}": session for name in ("psycopg", "postgres") for title, session in load(name).items()
}
captures = pytest.mark.parametrize("session", CAPTURES.values(), ids=CAPTURES.keys())


def batches_and_replies(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line[0] in ("batch", "reply")]


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
def test_a_recorded_session_has_the_expected_batches_and_replies(title: str) -> None:
    assert batches_and_replies(DialogueRecorder(begun=False).feed(*CAPTURES[title])) == EXPECTED[title]


@captures
def test_every_client_byte_of_a_recorded_session_is_in_a_part(session: Session) -> None:
    recorder = DialogueRecorder(begun=False)
    recorder.feed(*session)
    assert recorder.raw == bytes_of(session, "client")
    assert recorder.dialogue.unfinished == b""


@captures
def test_a_recorded_session_is_read_the_same_in_single_bytes(session: Session) -> None:
    bytewise = [Chunk(side, bytes([byte])) for side, data in session for byte in data]
    assert DialogueRecorder(begun=False).feed(*bytewise) == DialogueRecorder(begun=False).feed(*session)


@captures
def test_a_recorded_session_is_read_the_same_from_the_cache(session: Session) -> None:
    """The replies of the first time are cached."""
    recorded = [DialogueRecorder(begun=False).feed(*session) for _ in range(2)]
    assert recorded[0] == recorded[1]


@given(st.data(), st.sampled_from(list(CAPTURES)))
def test_a_recorded_session_is_read_the_same_however_it_is_split(data: st.DataObject, title: str) -> None:
    session = CAPTURES[title]
    split = [Chunk(side, piece) for side, whole in session for piece in data.draw(cuts(whole))]
    assert DialogueRecorder(begun=False).feed(*split) == DialogueRecorder(begun=False).feed(*session)


@captures
def test_a_recorded_session_that_is_cut_short_has_a_prefix_of_its_lines(session: Session) -> None:
    """An incomplete message is not part of any `Part`, and no event is retracted."""
    whole = DialogueRecorder(begun=False).feed(*session)
    recorder, clients = DialogueRecorder(begun=False), b""
    for side, data in session:
        for byte in data:
            recorder.feed(Chunk(side, bytes([byte])))
            if side == "client":
                clients += bytes([byte])
                assert recorder.raw + recorder.dialogue.unfinished == clients
        assert recorder.lines == whole[: len(recorder.lines)]


# during a COPY, the client's parts depend on the server's messages
@pytest.mark.parametrize("title", [title for title in CAPTURES if "cop" not in title])
def test_a_client_that_does_not_wait_for_replies_gets_the_same_replies(title: str) -> None:
    session = CAPTURES[title]
    eager = [Chunk("client", bytes_of(session, "client")), Chunk("server", bytes_of(session, "server"))]

    def kinds(lines: list[Line]) -> list[list[Line]]:
        return [
            [line for line in lines if (line[0] in ("batch", "passage")) is asks] for asks in (True, False)
        ]

    assert kinds(DialogueRecorder(begun=False).feed(*eager)) == kinds(
        DialogueRecorder(begun=False).feed(*session)
    )


@given(st.sampled_from(list(CAPTURES)), st.randoms(use_true_random=False))
def test_a_broken_byte_in_a_recorded_session_changes_nothing_before_it(
    title: str, luck: random.Random
) -> None:
    session = list(CAPTURES[title])
    at = luck.randrange(len(session))
    side, data = session[at]
    where = luck.randrange(len(data))
    session[at] = Chunk(side, data[:where] + bytes([luck.randrange(256)]) + data[where + 1 :])
    good = DialogueRecorder(begun=False).feed(*session[:at], Chunk(side, data[:where]))
    recorder, refused = DialogueRecorder(begun=False), ""
    try:
        recorder.feed(*session)
    except ProtocolError as error:
        refused = str(error)
    assert "\n" not in refused
    assert recorder.lines[: len(good)] == good
    assert bytes_of(session, "client").startswith(recorder.raw)
