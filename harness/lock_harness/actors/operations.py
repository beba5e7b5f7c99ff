"""The operations of one actor: each is performed on its lock session and written to its journal."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from lock_harness.actors import counter
from lock_harness.actors.inspection import SessionInspector
from lock_harness.actors.journal import Journal
from lock_harness.actors.session import Session, SessionOpener, error_names
from lock_harness.actors.spawned import SpawnedPrograms
from lock_harness.core.attempt import Attempt
from lock_harness.core.clock import now_ns
from lock_harness.core.contract import Contract
from lock_harness.core.errors import HarnessError, one_line
from lock_harness.core.history import Event, EventKind
from lock_harness.core.program import Month, Operation, Verb
from lock_harness.locks.line_protocol import LockCommandEnded
from lock_harness.servers import address

RECONNECT_MS = 5000


class OperationRunner:
    """Performs operations on the lock session of one actor, which it keeps from one program to the next.

    Args:
        shares_session: Other actors, in other threads, use the same session.
        inspects: A program may inspect the session.

    Attributes:
        held: The number of holds of each month that the lock has granted in this program.
        spawned: The programs that `spawn` started.
        pass_gate: Waits until the gate lets the actor continue with an operation; None where there is no gate.
    """

    def __init__(
        self,
        directory: Path,
        journal: Journal,
        open_session: SessionOpener,
        dsn: str,
        *,
        shares_session: bool = False,
        inspects: bool = False,
    ) -> None:
        self._directory = directory
        self._journal = journal
        self._open_session = open_session
        self._dsn = dsn
        self._session_number = 0
        self.shares_session = shares_session
        # a release by one thread may free the month of another
        self._verbs_of_holder = {"count", "release"} if shares_session else {"count"}
        self._session = open_session(0)
        self.spawned = SpawnedPrograms()
        self.held: dict[Month | None, int] = {}
        # before any call can have changed the session
        self._inspector = SessionInspector(self._session if inspects else None)
        self.pass_gate: Callable[[int, Operation], None] | None = None

    def verbs(self) -> tuple[str, ...]:
        """Return the optional verbs that the lock offers."""
        return self._session.verbs()

    @property
    def contract(self) -> Contract:
        """The contract of the lock."""
        return self._session.contract

    def begin(
        self, actor: int, incarnation: int, months: tuple[Month, ...], *, inspects: bool = False
    ) -> None:
        """Begin a new program, in which this actor has number `actor`.

        `inspects`: the actor will inspect its session, so the session must be as it was when it was new.
        """
        self._actor, self._incarnation, self._months = actor, incarnation, months
        self.held = {}
        self._times_before_release = 0
        # the number of the last hold whose body began
        self._entered = -1
        if inspects:
            self._inspector.begin_program(self._session)

    def perform(self, steps: Iterator[tuple[int, Operation]]) -> bool:
        """Perform the numbered `steps`; return False as soon as the lock raises an exception.

        An exception by which the lock refuses, as its contract declares, is recorded as the answer False.
        """
        while (failed := self._perform_until_error(steps)) is not None:
            number, operation, error = failed
            if isinstance(error, HarnessError):
                # the session or the journal cannot be used at all, which says nothing about the lock
                raise error
            if isinstance(error, LockCommandEnded):
                died = Event(now_ns(), "died", self._actor, self._incarnation, number, error=one_line(error))
                self._journal.write(died)
                return False
            why = address.redact(f"{type(error).__name__}: {one_line(error)}", self._dsn)
            verb, month = operation.verb, operation.month
            if not self._refuses(number, operation, error):
                self._write("info", number, verb, month, error=why)
                return False
            self._write("ok", number, verb, month, answer=False, error=why)
        return True

    def _perform_until_error(
        self, steps: Iterator[tuple[int, Operation]]
    ) -> tuple[int, Operation, Exception] | None:
        """Perform the numbered `steps`; return the one at which the lock raised an exception, and the exception.

        This is the inner loop of a race: everything done here per operation lowers the load on the lock.
        """
        actor, write, pass_gate = self._actor, self._journal.write, self.pass_gate
        with Attempt() as attempt:
            for number, step in steps:
                holds_other = step.sql_error and any(self.held.values())
                operation = _without_sql_error(step) if holds_other else step
                verb, month = operation.verb, operation.month
                if verb == "join" or (verb in self._verbs_of_holder and not self.held.get(month)):
                    continue
                if pass_gate:
                    pass_gate(number, operation)
                timeout_ms, raises, sql = operation.timeout_ms, operation.raises, operation.sql_error
                incarnation, at_ns = self._incarnation, now_ns()
                write(
                    Event(
                        at_ns,
                        "invoke",
                        actor,
                        incarnation,
                        number,
                        verb,
                        month,
                        None,
                        timeout_ms,
                        raises,
                        sql,
                    )
                )
                answer = getattr(self, f"_{verb}")(number, operation)
                if answer is not None:
                    write(Event(now_ns(), "ok", actor, incarnation, number, verb, month, answer=answer))
        return None if attempt.error is None else (number, operation, attempt.error)

    def _refuses(self, number: int, operation: Operation, error: Exception) -> bool:
        """Return whether the lock refuses by this exception, as its contract declares."""
        contract = self._session.contract
        if operation.verb == "release":
            return contract.release == "raises" and not self._times_before_release
        if operation.verb not in ("acquire", "hold") or self._entered == number:
            return False
        is_reentrant_call = contract.reentrant == "raises" and bool(self.held.get(operation.month))
        return is_reentrant_call or contract.on_timeout in error_names(error)

    # One method for each verb.  `perform` writes the answer of a method that returns a bool; the other methods
    # write their own answer and return None.

    def _acquire(self, _: int, operation: Operation) -> bool:
        month = operation.month
        assert month is not None
        answer = self._session.acquire(month, operation.timeout_ms)
        if answer:
            self.held[month] = self.held.get(month, 0) + 1 if self._session.contract.counts_holds else 1
        return answer

    def _release(self, number: int, operation: Operation) -> bool | None:
        month = operation.month
        assert month is not None
        self._times_before_release = self.held.get(month, 0)
        self.held[month] = max(0, self._times_before_release - 1)
        answer = self._session.release(month)
        if answer is None:
            self._write("ok", number, "release", month)
        return answer

    def _believes(self, _: int, operation: Operation) -> bool:
        return self._session.believes(_month(operation))

    def _is_locked(self, _: int, operation: Operation) -> bool:
        return self._session.is_locked(_month(operation))

    def _list(self, number: int, _: Operation) -> None:
        self._write("ok", number, "list", listed=self._session.list_locked(self._months))

    def _hold(self, number: int, operation: Operation) -> None:
        month = _month(operation)
        acquired, own_error = self._session.hold(
            operation,
            lambda: self._enter(number, month),
            lambda: self._leave(number, operation),
        )
        if acquired and self._session.contract.reentrant == "once":
            # the release at the end of the body freed the month, however often it was acquired
            self.held[month] = 0
        self._write("ok", number, "hold", month, answer=acquired, own_error=own_error is not None)

    def _enter(self, number: int, month: Month) -> None:
        self._entered = number
        self._write("enter", number, "hold", month)

    def _leave(self, number: int, operation: Operation) -> None:
        """End the body of a hold after its pause, when the gate allows it."""
        if operation.pause_us:
            time.sleep(operation.pause_us / 1e6)
        if self.pass_gate:
            self.pass_gate(number, operation)
        self._write("leave", number, "hold", operation.month)

    def _inspect(self, number: int, _: Operation) -> None:
        found = self._inspector.inspect(self._session, holds=any(self.held.values()))
        self._write("ok", number, "inspect", inspected=found)

    def _count(self, number: int, operation: Operation) -> None:
        month = _month(operation)
        found = self._session.count(month)
        counted = counter.increment(self._directory, month) if found is None else found
        self._write("ok", number, "count", month, counted=counted)

    def _spawn(self, number: int, _: Operation) -> None:
        self.spawned.start()
        self._write("ok", number, "spawn")

    def _reopen(self, number: int, _: Operation) -> None:
        self.held.clear()
        self._session.close()
        self._session = _open_with_retries(self._open_session, self._session_number + 1)
        self._session_number += 1
        self._inspector.note_reopened()
        self._write("ok", number, "reopen")
        self._incarnation += 1

    def _write(
        self, kind: EventKind, number: int, verb: Verb, month: Month | None = None, **fields: Any
    ) -> None:
        """Write an event; `fields` are the fields of `Event` that only this kind carries."""
        event = Event(now_ns(), kind, self._actor, self._incarnation, number, verb, month, **fields)
        self._journal.write(event)


def _month(operation: Operation) -> Month:
    assert operation.month is not None
    return operation.month


def _without_sql_error(operation: Operation) -> Operation:
    return msgspec.structs.replace(operation, sql_error=False)


def _open_with_retries(open_session: SessionOpener, number: int) -> Session:
    """Open a new session; retry for RECONNECT_MS, since the server may be restarting."""
    deadline_ns = now_ns() + RECONNECT_MS * 1_000_000
    while True:
        with Attempt() as attempt:
            return open_session(number)
        if now_ns() > deadline_ns:
            assert attempt.error is not None
            raise attempt.error
        time.sleep(0.01)
