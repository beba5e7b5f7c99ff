"""Real sessions mean what they meant, however they are split, and broken ones mean no more."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lock_harness.wire.messages import ProtocolError
from tests.captures import Said, Session, load, said
from tests.wire import Line, Listener, cuts

CAPTURES = {
    f"{name}-{title}": session for name in ("psycopg", "postgres") for title, session in load(name).items()
}
captures = pytest.mark.parametrize("session", CAPTURES.values(), ids=CAPTURES.keys())


def asked_and_answered(told: list[Line]) -> list[Line]:
    return [line for line in told if line[0] in ("batch", "reply")]


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


@captures
def test_a_real_session_means_the_same_when_it_comes_again(session: Session) -> None:
    """Its answers are remembered from the first time."""
    told = [Listener(begun=False).hear(*session) for _ in range(2)]
    assert told[0] == told[1]


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
