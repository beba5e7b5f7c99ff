"""Startup packets are read the same however they are split, and invalid ones are reported."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lock_harness.wire.startup import (
    CANCEL,
    GSSENC,
    LONGEST,
    SSL,
    CancelRequest,
    StartupError,
    StartupMessage,
    StartupReader,
)

VERSION = 3 << 16
BODY = b"user\0bob\0application_name\0lock-harness/x/a1\0\0"


def packet(code: int, body: bytes = b"") -> bytes:
    return struct.pack("!II", 8 + len(body), code) + body


def feed(reader: StartupReader, pieces: list[bytes]) -> bytes:
    """Feed all pieces; return the answers to the client."""
    answers = b""
    for piece in pieces:
        answers += reader.feed(piece)
    return answers


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
parameters = st.dictionaries(words.filter(bool), words, max_size=5)
requests = st.sampled_from([[], [SSL], [GSSENC], [SSL, GSSENC], [GSSENC, SSL]])


@given(st.data(), requests, parameters, st.binary(max_size=40))
def test_a_startup_message_is_read_the_same_however_it_is_split(
    data: st.DataObject, asked: list[int], given_parameters: dict[str, str], then: bytes
) -> None:
    body = b"".join(f"{name}\0{value}\0".encode() for name, value in given_parameters.items()) + b"\0"
    message = packet(VERSION, body)
    stream = b"".join(map(packet, asked)) + message + then
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1))))
    reader = StartupReader()
    answers = feed(reader, [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])])
    assert answers == b"N" * len(asked)
    assert reader.packet == StartupMessage((3, 0), given_parameters)
    assert reader.forward == message + then
    assert reader.rest == then


@given(st.integers(0, 2**32 - 1), st.binary(min_size=4, max_size=256), st.booleans())
def test_a_cancel_request_is_forwarded_unchanged(pid: int, key: bytes, encrypted: bool) -> None:
    request = packet(CANCEL, struct.pack("!I", pid) + key)
    reader = StartupReader()
    answers = feed(reader, [bytes([byte]) for byte in (packet(SSL) if encrypted else b"") + request])
    assert answers == b"N" * encrypted
    assert reader.packet == CancelRequest(pid, key)
    assert reader.forward == request


def test_the_application_name_is_read_from_the_startup_message() -> None:
    reader = StartupReader()
    assert reader.rest == b""
    reader.feed(packet(VERSION + 2, BODY))
    assert isinstance(reader.packet, StartupMessage)
    assert reader.packet.version == (3, 2)
    assert reader.packet.application_name == "lock-harness/x/a1"
    nameless = StartupReader()
    nameless.feed(packet(VERSION, b"user\0bob\0\0"))
    assert isinstance(nameless.packet, StartupMessage)
    assert nameless.packet.application_name == ""


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b"\0\0\0\7" + bytes(4), "startup packet of 7 bytes: it must have 8 to 10000"),
        (struct.pack("!II", LONGEST + 1, VERSION), "startup packet of 10001 bytes"),
        (b"GET / HTTP/1.1\r\n", "startup packet of 1195725856 bytes"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", "TLS without SSLRequest"),
        (packet(2 << 16, BODY), "protocol version 2.0"),
        (packet(0, BODY), "protocol version 0.0"),
        (packet(SSL) * 2, "SSLRequest came again"),
        (packet(GSSENC, b"x"), "GSSENCRequest of 9 bytes"),
        (packet(CANCEL, b"1234567"), "CancelRequest with 7 bytes"),
        (packet(VERSION), "do not end with an empty name"),
        (packet(VERSION, b"user\0bob\0"), "do not end with an empty name"),
        (packet(VERSION, b"user\0bob\0\0more"), "do not end with an empty name"),
        (packet(VERSION, b"user\0bob\0options\0\0"), "parameter 'options' of a startup packet has no value"),
        (packet(VERSION, b"\0bob\0\0"), "a parameter of a startup packet has no name"),
    ],
)
def test_an_invalid_startup_packet_is_reported_in_one_line(stream: bytes, why: str) -> None:
    for pieces in ([stream], [bytes([byte]) for byte in stream]):
        with pytest.raises(StartupError) as caught:
            feed(StartupReader(), pieces)
        assert why in str(caught.value)
        assert "\n" not in str(caught.value)


@given(st.binary(max_size=60), st.sampled_from([b"", b"\0\0", packet(SSL), packet(VERSION, BODY)[:12]]))
def test_garbage_is_rejected_or_waits_for_at_most_one_packet(garbage: bytes, begun: bytes) -> None:
    reader = StartupReader()
    refused = ""
    try:
        feed(reader, [begun + garbage, bytes(LONGEST)])
    except StartupError as error:
        refused = str(error)
    assert bool(reader.packet) != bool(refused)
    assert "\n" not in refused
