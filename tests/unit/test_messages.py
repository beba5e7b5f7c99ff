"""Messages are read from a stream however it is split, and invalid ones are reported."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lock_harness.wire.messages import HEAD, SIDES, SMALL, Message, MessageReader, ProtocolError
from tests.captures import Side
from tests.wire import MINIMAL, cuts, message

sides: st.SearchStrategy[Side] = st.sampled_from(["client", "server"])


@st.composite
def bodies(draw: st.DrawFn, side: Side) -> tuple[str, bytes]:
    kind = draw(st.sampled_from(list(SIDES[side].values())))
    size = draw(st.integers(kind.shortest - 4, min(kind.longest - 4, 300)))
    return kind.name, draw(st.binary(min_size=size, max_size=size))


def read(reader: MessageReader, parts: list[bytes]) -> tuple[list[Message], str]:
    """Return the messages, and the error that ended them; empty if more messages may follow."""
    found: list[Message] = []
    try:
        for part in parts:
            found.extend(reader.feed(part))
    except ProtocolError as error:
        return found, str(error)
    return found, ""


@given(st.data(), sides)
def test_messages_are_the_same_however_the_stream_is_split(data: st.DataObject, side: Side) -> None:
    messages = [
        Message(name, message(side, name, body))
        for name, body in data.draw(st.lists(bodies(side), max_size=6))
    ]
    incomplete = data.draw(st.sampled_from([b"", b"S", message(side, "CopyData", b"more")[:-1]]))
    stream = b"".join(found.raw for found in messages) + incomplete
    reader = MessageReader(side)
    assert read(reader, data.draw(cuts(stream))) == (messages, "")
    assert reader.incomplete == incomplete


@pytest.mark.parametrize("side", ["client", "server"])
def test_each_message_type_allows_its_minimal_message(side: Side) -> None:
    for kind in SIDES[side].values():
        assert kind.shortest <= 4 + len(MINIMAL[side].get(kind.name, b"")) <= kind.longest, kind.name


@pytest.mark.parametrize(
    ("side", "stream", "why"),
    [
        ("client", b"\x16", r"the client sent a message of unknown type '\x16'"),
        ("client", b"Z", "the client sent a message of unknown type 'Z'"),
        ("server", b"Q", "the server sent a message of unknown type 'Q'"),
        ("server", b"\xff", r"type '\xff'"),
        ("client", b"S\0\0\0\5", "the client sent Sync of length 5: it must have 4 to 4"),
        ("client", b"Q\0\0\0\0", "the client sent Query of length 0: it must have 5 to 67108863"),
        ("client", b"Q\4\0\0\0", "the client sent Query of length 67108864"),
        ("client", b"D" + pack("!I", SMALL + 1), "Describe of length 10001: it must have 6 to 10000"),
        ("client", b"Q\xff\xff\xff\xff", "Query of length 4294967295"),
        ("server", b"Z\0\0\0\4", "the server sent ReadyForQuery of length 4: it must have 5 to 5"),
        ("server", b"D\x80\0\0\0", "DataRow of length 2147483648"),
    ],
)
def test_an_invalid_message_is_reported_at_once_and_on_every_later_read(
    side: Side, stream: bytes, why: str
) -> None:
    good = message(side, "CopyDone")
    for parts in ([good + stream], [bytes([byte]) for byte in good + stream]):
        reader = MessageReader(side)
        found, refused = read(reader, parts)
        assert found == [Message("CopyDone", good)]
        assert why in refused
        assert read(reader, [b"S"]) == ([], refused)


@given(sides, st.lists(st.binary(max_size=60), max_size=4))
def test_garbage_is_rejected_or_waited_for_and_never_read_across_a_message_boundary(
    side: Side, parts: list[bytes]
) -> None:
    reader = MessageReader(side)
    found, refused = read(reader, parts)
    assert all(len(one.raw) == 1 + int.from_bytes(one.raw[1:HEAD], "big") for one in found)
    assert b"".join(parts).startswith(b"".join(one.raw for one in found) + reader.incomplete)
    assert "\n" not in refused


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"name", "Bind of length 8 ends too early: the text that begins at 4 has no end"),
        (b"\0\0\0", "Bind of length 7 ends too early: a field of 2 bytes begins at 6"),
        (b"\0\0\0\0\0\1\0\0\0\5abc", "Bind of length 17 ends too early: a field of 5 bytes begins at 14"),
        (b"\0\0\0\0\0\1\x80\0\0\0abc", "Bind of length 17 ends too early: a field of -2147483648 bytes"),
    ],
)
def test_a_field_beyond_the_end_of_a_message_is_reported(body: bytes, why: str) -> None:
    fields = Message("Bind", message("client", "Bind", body)).fields
    with pytest.raises(ProtocolError) as caught:
        fields.string(), fields.string(), fields.count(), fields.count(), fields.octets(fields.number(4))
    assert why in str(caught.value)
