"""The line protocol: a lock in any language, as a program that speaks JSON lines.

A request is one line on the program's standard input, an answer one line on its standard output, with the
same `id`.  Standard error is the program's log.  The first request is `open` with the connection string in
`dsn`; its answer's `ok` may list the optional verbs that the program offers.  The end of its input means:
close and exit.

    {"id":1,"verb":"open","dsn":"postgresql://..."}                       -> {"id":1,"ok":["is_locked"]}
    {"id":2,"verb":"acquire","year":2090,"month":1,"timeout_ms":200}      -> {"id":2,"ok":true}
    {"id":3,"verb":"hold","year":2090,"month":1,"timeout_ms":0,"raises":"boom"} -> {"id":3,"error":"boom"}
    {"id":4,"verb":"count","year":2090,"month":1}                         -> {"id":4,"ok":41}

This module knows the lines; the process behind them lives with the actors.
"""

import msgspec

from lock_harness.core.errors import UserError, one_line

SHOWN = 120


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    verb: str
    year: int | None = None
    month: int | None = None
    timeout_ms: int | None = None
    raises: str | None = None
    dsn: str | None = None


class Response(msgspec.Struct, frozen=True):
    id: int
    ok: bool | int | list[str] | None = None
    error: str | None = None


class LineProtocolError(UserError):
    """The lock command does not speak the protocol."""


class LockCommandFailed(Exception):
    """The lock command answered with an error: its own kind of exception."""


def encode(request: Request) -> bytes:
    """One line, with its end."""
    return msgspec.json.encode(request) + b"\n"


def decode(line: bytes, request: Request) -> Response:
    """The answer to `request`.  `LineProtocolError` says what the line should have been."""
    try:
        answer = msgspec.json.decode(line, type=Response)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LineProtocolError(_complaint(line, request, one_line(error))) from None
    if answer.id != request.id:
        raise LineProtocolError(_complaint(line, request, f"its id is not {request.id}"))
    if (answer.ok is None) == (answer.error is None):
        raise LineProtocolError(_complaint(line, request, 'it needs either "ok" or "error"'))
    return answer


def _complaint(line: bytes, request: Request, why: str) -> str:
    shown = line.decode(errors="replace").strip()[:SHOWN]
    return (
        f"the lock command answered {shown!r} to {request.verb!r}: {why}; "
        f'answer one JSON line such as {{"id":{request.id},"ok":true}}'
    )
