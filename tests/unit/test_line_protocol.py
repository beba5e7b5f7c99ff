"""The line protocol encodes requests and decodes responses."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lock_harness.locks.line_protocol import LineProtocolError, Request, Response, decode, encode

REQUEST = Request(7, "acquire", 2090, 1, 200)


def test_a_request_is_one_json_line_without_unused_fields() -> None:
    line = encode(REQUEST)
    assert line.endswith(b"\n")
    assert json.loads(line) == {"id": 7, "verb": "acquire", "year": 2090, "month": 1, "timeout_ms": 200}


@pytest.mark.parametrize("line", [b'{"id":7,"ok":true}\n', b'{"ok":true,"id":7,"took":3}\n'])
def test_a_response_with_true_is_decoded(line: bytes) -> None:
    assert decode(line, REQUEST) == Response(7, ok=True)


def test_a_response_may_be_a_number() -> None:
    assert decode(b'{"id":7,"ok":41}', REQUEST).ok == 41
    assert decode(b'{"id":7,"ok":true}', REQUEST).ok is True


def test_a_response_may_be_an_error() -> None:
    assert decode(b'{"id":7,"error":"no"}', REQUEST).error == "no"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"hello\n", "JSON is malformed"),
        (b'{"id":8,"ok":true}', "its id is not 7"),
        (b'{"id":7}', 'needs either "ok" or "error"'),
        (b'{"id":7,"ok":true,"error":"no"}', 'needs either "ok" or "error"'),
        (b'{"id":7,"ok":"yes"}', "Expected"),
        (b"[]", "Expected"),
        (b"\xff\xfe\n", "malformed"),
    ],
)
def test_an_invalid_response_is_reported_with_a_valid_example(line: bytes, why: str) -> None:
    with pytest.raises(LineProtocolError) as caught:
        decode(line, REQUEST)
    message = str(caught.value)
    assert why in message
    assert '{"id":7,"ok":true}' in message
    assert "\n" not in message


@given(st.binary(max_size=200))
def test_garbage_is_always_reported_in_one_line(line: bytes) -> None:
    with pytest.raises(LineProtocolError) as caught:
        decode(line, REQUEST)
    assert "\n" not in str(caught.value)
