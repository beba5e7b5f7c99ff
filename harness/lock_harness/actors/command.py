"""A lock session in a program of any language, which this process controls by the line protocol."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lock_harness.actors.process import exit_text
from lock_harness.actors.session import BODY_TEXT, SQL_ERROR, BodyError, release_answer, require_bool
from lock_harness.core.contract import declared, with_changes
from lock_harness.core.errors import UserError
from lock_harness.core.program import Month, Operation
from lock_harness.locks.line_protocol import (
    LineProtocolError,
    LockCommandEnded,
    LockCommandFailed,
    Request,
    Response,
    decode,
    encode,
)

OPTIONAL_VERBS = ("hold", "believes", "is_locked", "count", "execute", "setup")
EXIT_S = 5.0


class CommandProcess:
    """A running lock command: it gets one request after another, and answers each.

    Args:
        on_start: Gets the process id of the command before its first request.
    """

    def __init__(
        self, command: Sequence[str], application_name: str, on_start: Callable[[int], None] = lambda _: None
    ) -> None:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PGAPPNAME": application_name},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._input, self._output = process, process.stdin, process.stdout
        self._requests = 0
        on_start(process.pid)

    def request(self, verb: str, *, needs_answer: bool = True, **fields: Any) -> Response:
        """Send a request with these fields of `Request`, and return the response; see `decode` for `needs_answer`.

        Raises:
            LockCommandEnded: The process ended before it answered.
        """
        self._requests += 1
        request = Request(self._requests, verb, **fields)
        try:
            self._input.write(encode(request))
            self._input.flush()
            line = self._output.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise LockCommandEnded(
                f"the lock command ended at {verb!r} with {exit_text(self._process.wait())}"
            )
        return decode(line, request, needs_answer=needs_answer)

    def close(self) -> None:
        """Close the standard input of the command; kill it if it does not exit then."""
        # the command may have ended before it read its last request
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        try:
            self._process.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()


class CommandSession:
    """A running lock command with an open session.

    Args:
        url: The server's address, which the command gets in `open`.
        on_start: Gets the process id of the command before the session is opened.
        contract_changes: Fields that replace those of the contract that the command declares.
    """

    def __init__(
        self,
        command: Sequence[str],
        url: str,
        application_name: str,
        on_start: Callable[[int], None],
        contract_changes: Mapping[str, str],
    ) -> None:
        self._process = CommandProcess(command, application_name, on_start)
        opened = self._process.request("open", dsn=url)
        if opened.error is not None:
            raise LockCommandFailed(f"the lock command could not open a session: {opened.error}")
        self.contract = with_changes(declared(opened.contract), contract_changes)
        self._verbs = tuple(opened.ok) if isinstance(opened.ok, list) else ()
        unknown = [verb for verb in self._verbs if verb not in OPTIONAL_VERBS]
        if unknown:
            names = ", ".join(OPTIONAL_VERBS)
            raise LineProtocolError(f"the lock command offers {unknown[0]!r}: the optional verbs are {names}")

    def verbs(self) -> tuple[str, ...]:
        """Return the verbs of the command, and the kinds of steps that they allow."""
        if "execute" not in self._verbs:
            return self._verbs
        return (*self._verbs, "inspect", *(["sql_error"] if "hold" in self._verbs else []))

    def acquire(self, month: Month, timeout_ms: int) -> bool:
        return self._request_bool("acquire", month, timeout_ms=timeout_ms)

    def release(self, month: Month) -> bool | None:
        """Release the month; return None if the contract says that the lock does not answer."""
        answer = self._request_ok("release", month, needs_answer=self.contract.release == "bool")
        return release_answer(answer, self.contract)

    def believes(self, month: Month) -> bool:
        return self._request_bool("believes", month)

    def is_locked(self, month: Month) -> bool:
        return self._request_bool("is_locked", month)

    def list_locked(self, months: Sequence[Month]) -> tuple[Month, ...]:
        raise UserError(f"the line protocol cannot list locks, not even {months}")

    def count(self, month: Month) -> int | None:
        """Return the number that the command found when it counted; None if it does not count."""
        if "count" not in self._verbs:
            return None
        found = self._request_ok("count", month)
        if not isinstance(found, int) or isinstance(found, bool):
            raise TypeError(f"count returned {found!r}, which is not a whole number")
        return found

    def hold(
        self, operation: Operation, _on_enter: Callable[[], None], _on_leave: Callable[[], None]
    ) -> tuple[bool, Exception | None]:
        """Run a body in the command; the harness does not see when the body begins and ends."""
        assert operation.month is not None
        text = BODY_TEXT if operation.raises else None
        body = SQL_ERROR if operation.sql_error else None
        fields = {"timeout_ms": operation.timeout_ms, "raises": text, "body": body}
        try:
            return self._request_bool("hold", operation.month, **fields), None
        except LockCommandFailed as error:
            if text is None or text not in str(error):
                raise
            return True, BodyError(text)
        finally:
            if body:
                # the end of the transaction that the body began, as its user would end it
                self._process.request("execute", sql="ROLLBACK")

    def execute(self, sql: str) -> object:
        answer = self._process.request("execute", sql=sql)
        if answer.error is not None:
            raise LockCommandFailed(answer.error)
        return answer.ok

    def close(self) -> None:
        self._process.close()

    def _request_bool(self, verb: str, month: Month, **fields: Any) -> bool:
        return require_bool(self._request_ok(verb, month, **fields), verb)

    def _request_ok(self, verb: str, month: Month, **fields: Any) -> object:
        answer = self._process.request(verb, year=month.year, month=month.month, **fields)
        if answer.error is not None:
            raise LockCommandFailed(answer.error)
        return answer.ok
