"""The line protocol, by which a lock in any language is tested: a program that reads and writes JSON lines.

A request is one line on the program's standard input.  The response is one line on its standard output with the same
`id`.  Standard error is the program's log.  The first request is `open` with the connection string in `dsn`; the `ok`
of its response may list the optional verbs that the program offers.  When its standard input ends, the program closes
its session and exits.  Before any session opens, one process gets `setup` with a `dsn` instead, as its only request.

    {"id":1,"verb":"open","dsn":"postgresql://..."}                       -> {"id":1,"ok":["is_locked"]}
    {"id":2,"verb":"acquire","year":2090,"month":1,"timeout_ms":200}      -> {"id":2,"ok":true}
    {"id":3,"verb":"hold","year":2090,"month":1,"timeout_ms":0,"raises":"boom"} -> {"id":3,"error":"boom"}
    {"id":4,"verb":"count","year":2090,"month":1}                         -> {"id":4,"ok":41}

This module encodes and decodes the lines; `lock_harness.actors.command` runs the process.
"""

from typing import Any

import msgspec

from lock_harness.core.errors import UserError, one_line

SHOWN = 120


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to the lock command.

    raises  the error that the body of a `hold` must raise
    body    statements for the body of a `hold`, run in the session of the lock; the last one fails, and `raises` is in its error
    sql     the statement of an `execute`
    """

    id: int
    verb: str
    year: int | None = None
    month: int | None = None
    timeout_ms: int | None = None
    raises: str | None = None
    dsn: str | None = None
    body: tuple[str, ...] | None = None
    sql: str | None = None


class Response(msgspec.Struct, frozen=True):
    """The response to the request with the same `id`: either `ok` or `error`.

    The response to `open` may have the fields of a `Contract` in `contract`.
    """

    id: int
    ok: bool | int | str | list[str] | None = None
    error: str | None = None
    contract: dict[str, Any] | None = None


class LineProtocolError(UserError):
    """The lock command violates the line protocol."""


class LockCommandEnded(Exception):
    """The process of the lock command has ended by itself."""


class LockCommandFailed(Exception):
    """The lock command responded with an error, which is its kind of exception."""


def encode(request: Request) -> bytes:
    """Return the line of a request, with its newline."""
    return msgspec.json.encode(request) + b"\n"


def decode(line: bytes, request: Request, *, needs_answer: bool = True) -> Response:
    """Return the response to `request`; raise `LineProtocolError` for any other line, with a valid example.

    Without `needs_answer` both `ok` and `error` may be missing, which means success.
    """
    try:
        response = msgspec.json.decode(line, type=Response)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LineProtocolError(_violation(line, request, one_line(error))) from None
    if response.id != request.id:
        raise LineProtocolError(_violation(line, request, f"its id is not {request.id}"))
    if isinstance(response.ok, str) and request.verb != "execute":
        raise LineProtocolError(_violation(line, request, "Expected no text as `ok`, which only execute has"))
    if needs_answer and (response.ok is None) == (response.error is None):
        raise LineProtocolError(_violation(line, request, 'it needs either "ok" or "error"'))
    return response


def _violation(line: bytes, request: Request, why: str) -> str:
    shown = line.decode(errors="replace").strip()[:SHOWN]
    return (
        f"the lock command answered {shown!r} to {request.verb!r}: {why}; "
        f'answer one JSON line such as {{"id":{request.id},"ok":true}}'
    )
