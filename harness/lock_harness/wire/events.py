"""The events that a server's messages cause in a dialogue."""

from typing import Literal

import msgspec

from lock_harness.wire.parts import Batch

TransactionStatus = Literal["I", "T", "E"]
"""Idle, in a transaction, in a failed transaction: the status in ReadyForQuery."""


class Diagnostic(msgspec.Struct, frozen=True, gc=False):
    """An ErrorResponse or NoticeResponse.  `severity` is in English: ERROR, FATAL, NOTICE, ..."""

    severity: str
    sqlstate: str
    text: str

    @property
    def is_error(self) -> bool:
        return self.severity == "ERROR" or self.ends_session

    @property
    def ends_session(self) -> bool:
        return self.severity in ("FATAL", "PANIC")


class Notification(msgspec.Struct, frozen=True, gc=False):
    """A NotificationResponse: another session used NOTIFY.  It belongs to no batch."""

    pid: int
    channel: str
    payload: str


class Parameter(msgspec.Struct, frozen=True, gc=False):
    """A ParameterStatus: a parameter of the session has a new value."""

    name: str
    value: str


class Reply(msgspec.Struct, frozen=True, gc=False):
    """The reply to `batch` is complete.  There is no such event if the session ends before.

    Attributes:
        status: The status in ReadyForQuery; None for a reply without one, as after a Flush.
        errors: The errors within the reply.
    """

    batch: Batch
    status: TransactionStatus | None
    errors: tuple[Diagnostic, ...]


DialogueEvent = Reply | Diagnostic | Notification | Parameter
