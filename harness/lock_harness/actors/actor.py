"""The actor: one real process with one lock session, taking its steps when the baton reaches it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import multiprocess

from lock_harness.actors import counter, wall_clock
from lock_harness.actors.command import CommandSession
from lock_harness.actors.journal import Journal
from lock_harness.actors.mailbox import (
    CONDUCTOR,
    GATE,
    ActorFailed,
    AllStepsTaken,
    AtGate,
    Baton,
    Begin,
    CommandStarted,
    Finish,
    Finished,
    Mailbox,
    Probe,
    Ready,
    Returned,
    StartRace,
    TeamChanged,
)
from lock_harness.actors.session import PythonSession, Session
from lock_harness.core.attempt import Attempt
from lock_harness.core.clock import now_ns, wait_until
from lock_harness.core.errors import HarnessError, one_line
from lock_harness.core.history import Event, EventKind
from lock_harness.core.program import Month, Operation, Step, Verb
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec, load
from lock_harness.servers import address

RECONNECT_MS = 5000
Opener = Callable[[int], Session]


def conductors_turn(steps: Sequence[Step], number: int) -> bool:
    """Whether the conductor itself must act before or at step `number`: a fault, a pending call, the end.

    It also acts after a reopen, to see the old session go.
    """
    if number >= len(steps):
        return True
    step = steps[number]
    if not isinstance(step, Operation) or step.pending:
        return True
    before = steps[number - 1] if number else None
    return isinstance(before, Operation) and before.verb == "reopen"


class Actor:
    """Holds the session of one process, from one program to the next."""

    def __init__(
        self, name: str, directory: Path, mailbox: Mailbox, journal: Journal, opener: Opener, dsn: str
    ) -> None:
        self._name = name
        self._directory = directory
        self._mailbox = mailbox
        self._journal = journal
        self._opener = opener
        self._dsn = dsn
        self._sessions = 0
        self._spawned: list[subprocess.Popen[bytes]] = []
        self._session = opener(0)

    def ready(self) -> Ready:
        return Ready(self._name, self._session.verbs())

    def handle(self, message: object) -> None:
        """Act on one message from the conductor or from another actor."""
        match message:
            case Begin():
                self._begin(message)
            case TeamChanged():
                self._team = message.team
            case Baton():
                self._take_turns(message.number)
            case StartRace():
                self._race(message)
                self._mailbox.send(CONDUCTOR, Finished(self._name))
            case Finish():
                if message.reopen:
                    self._perform_extra(Operation(self._me, "reopen"))
                self._give_everything_back()
                self._mailbox.send(CONDUCTOR, Finished(self._name))
            case Probe():
                self._probe(message)
                self._mailbox.send(CONDUCTOR, Finished(self._name))

    def _begin(self, message: Begin) -> None:
        self._me, self._incarnation, self._team = message.actor, message.incarnation, message.team
        self._months, self._steps, self._numbers = message.months, message.steps, message.numbers
        self._held: dict[Month | None, int] = {}
        self._extra = 0
        self._gated = False

    def _take_turns(self, number: int) -> None:
        """Take step `number` and those after it that are ours too; then hand the baton on."""
        steps = self._steps
        while True:
            step = steps[number]
            assert isinstance(step, Operation)
            if not self._perform(iter([(number, step)])):
                self._open_anew()
            if step.pending:  # the baton went on long ago
                self._mailbox.send(CONDUCTOR, Returned(number))
                return
            number += 1
            if conductors_turn(steps, number):
                self._mailbox.send(CONDUCTOR, Baton(number))
                return
            if steps[number].actor != self._me:
                self._mailbox.send(self._team[steps[number].actor], Baton(number))
                return

    def _race(self, go: StartRace) -> None:
        """Take all steps of our own, round after round."""
        self._begin(go.begin)
        steps = self._own_steps(go)
        self._gated = go.gated
        wait_until(go.at_ns)
        while not self._perform(steps):
            self._open_anew()
        self._give_everything_back()
        if self._gated:
            self._gated = False
            self._mailbox.send(GATE, AllStepsTaken(self._me))

    def _pass_gate(self, number: int, operation: Operation) -> None:
        """Wait until it is our turn to go on with step `number`."""
        if self._gated:
            self._mailbox.send(GATE, AtGate(self._me, number, operation.month, operation.timeout_ms))
            while not isinstance(self._mailbox.receive(), Baton):
                pass

    def _own_steps(self, go: StartRace) -> Iterator[tuple[int, Operation]]:
        """Each when it is time for it, with its number."""
        mine = [(i, s) for i, s in zip(go.indices, self._steps, strict=True) if isinstance(s, Operation)]
        for number in range(go.rounds):
            before = number * go.length
            for index, step in mine:
                if before + index >= go.first:
                    if step.pause_us and step.verb != "hold":  # to sleep for 0 takes 50 µs and more
                        time.sleep(step.pause_us / 1e6)
                    yield before + index, step

    def _open_anew(self) -> None:
        """After an error, as a worker would."""
        self._perform_extra(Operation(self._me, "reopen"))

    def _give_everything_back(self) -> None:
        for month, count in list(self._held.items()):
            for _ in range(count):
                self._perform_extra(Operation(self._me, "release", month))
        while self._spawned:
            self._spawned[-1].kill()
            self._spawned.pop().wait()

    def _probe(self, message: Probe) -> None:
        for month in message.months:
            self._perform_extra(Operation(self._me, "acquire", month, message.timeout_ms))
            if self._held.get(month):
                self._perform_extra(Operation(self._me, "release", month))

    def _perform_extra(self, operation: Operation) -> None:
        """An operation that is not in the program gets a number that is in nobody's."""
        number = self._numbers + self._extra * len(self._team) + self._me
        self._extra += 1
        self._perform(iter([(number, operation)]))

    def _perform(self, steps: Iterator[tuple[int, Operation]]) -> bool:
        """Carry out what `steps` gives, to its end (True), or until the lock raises rather than answers.

        A race has no time to lose between two calls: whatever is done here for each of them slows it down.
        """
        me, write, gated = self._me, self._journal.write, self._gated
        with Attempt() as attempt:
            for number, operation in steps:
                verb, month = operation.verb, operation.month
                if verb == "join" or (verb == "count" and not self._held.get(month)):
                    continue
                if gated:
                    self._pass_gate(number, operation)
                timeout_ms, raises = operation.timeout_ms, operation.raises
                incarnation = self._incarnation
                write(
                    Event(now_ns(), "invoke", me, incarnation, number, verb, month, None, timeout_ms, raises)
                )
                answer = getattr(self, f"_{verb}")(number, operation)
                if answer is not None:
                    write(Event(now_ns(), "ok", me, incarnation, number, verb, month, answer=answer))
        if isinstance(attempt.error, HarnessError):
            raise attempt.error  # the session cannot be spoken to at all, or the journal not be written
        if attempt.error is not None:
            why = f"{type(attempt.error).__name__}: {one_line(attempt.error)}"
            self._write("info", number, verb, month, error=address.redact(why, self._dsn))
        return attempt.error is None

    # One for each verb.  An answer that is no more than True or False is returned; any other is written down.

    def _acquire(self, _: int, operation: Operation) -> bool:
        month = operation.month
        assert month is not None
        answer = self._session.acquire(month, operation.timeout_ms)
        if answer:
            self._held[month] = self._held.get(month, 0) + 1
        return answer

    def _release(self, _: int, operation: Operation) -> bool:
        month = operation.month
        assert month is not None
        self._held[month] = max(0, self._held.get(month, 0) - 1)
        return self._session.release(month)

    def _is_locked(self, _: int, operation: Operation) -> bool:
        return self._session.is_locked(self._month(operation))

    def _list(self, number: int, _: Operation) -> None:
        self._write("ok", number, "list", listed=self._session.listed(self._months))

    def _hold(self, number: int, operation: Operation) -> None:
        month = self._month(operation)
        answer, own = self._session.hold(
            operation,
            lambda: self._write("enter", number, "hold", month),
            lambda: self._leave(number, operation),
        )
        self._write("ok", number, "hold", month, answer=answer, own_error=own is not None)

    def _leave(self, number: int, operation: Operation) -> None:
        if operation.pause_us:
            time.sleep(operation.pause_us / 1e6)
        self._pass_gate(number, operation)
        self._write("leave", number, "hold", operation.month)

    def _count(self, number: int, operation: Operation) -> None:
        month = self._month(operation)
        found = self._session.count(month)
        counted = counter.count(self._directory, month) if found is None else found
        self._write("ok", number, "count", month, counted=counted)

    def _spawn(self, number: int, _: Operation) -> None:
        """What is not closed on exec goes on to the program, as it does where somebody starts one carelessly."""
        self._spawned.append(subprocess.Popen(["sleep", "infinity"], close_fds=False))
        self._write("ok", number, "spawn")

    def _reopen(self, number: int, _: Operation) -> None:
        self._held.clear()
        self._session.close()
        self._session = self._opened(self._sessions + 1)
        self._sessions += 1
        self._write("ok", number, "reopen")
        self._incarnation += 1

    def _opened(self, count: int) -> Session:
        """A new session; where there is no server just now, ask until it is back, as a worker would."""
        deadline_ns = now_ns() + RECONNECT_MS * 1_000_000
        while True:
            with Attempt() as attempt:
                return self._opener(count)
            if now_ns() > deadline_ns:
                assert attempt.error is not None
                raise attempt.error
            time.sleep(0.01)

    @staticmethod
    def _month(operation: Operation) -> Month:
        assert operation.month is not None
        return operation.month

    def _write(
        self, kind: EventKind, number: int, verb: Verb, month: Month | None = None, **more: Any
    ) -> None:
        """`more`: the fields of `Event` that this kind of event carries besides."""
        self._journal.write(Event(now_ns(), kind, self._me, self._incarnation, number, verb, month, **more))


def session_name(tag: str, name: str, count: int) -> str:
    """The application_name of an actor's `count`-th session: how the server tells who is who."""
    return f"lock-harness/{tag}/{name}.{count}"


def main(directory: Path, name: str, tag: str, lock: LockSpec | Lock, dsn: str, url: str) -> None:
    """The life of an actor process: open a session, say so, then act on messages until killed."""
    os.setpgid(0, 0)  # a Ctrl-C in the terminal is for the conductor; and our children die with us
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _log_to(directory / f"{name}.log")
    os.environ[wall_clock.FILE] = str(wall_clock.clock_file(directory, name))
    mailbox = Mailbox(directory, name)
    with Attempt() as attempt:
        opener = _opener(tag, name, lock, dsn, url, mailbox)
        actor = Actor(name, directory, mailbox, Journal(directory / f"{name}.journal"), opener, dsn)
        mailbox.send(CONDUCTOR, actor.ready())
        # the guardian ends what it knows of; a process that was just being forked when we died it may not know
        while (message := mailbox.receive_while(multiprocess.parent_process().sentinel)) is not None:
            actor.handle(message)
    if attempt.error is None:
        return
    kind = "" if isinstance(attempt.error, HarnessError) else f"{type(attempt.error).__name__}: "
    why = address.redact(kind + one_line(attempt.error), dsn)
    mailbox.send(CONDUCTOR, ActorFailed(name, address.redact(why, url)))


def _opener(tag: str, name: str, lock: LockSpec | Lock, dsn: str, url: str, mailbox: Mailbox) -> Opener:
    if isinstance(lock, LockSpec) and lock.command:
        command = lock.command

        def started(pid: int) -> None:
            """Whoever strikes us from now on strikes that process too; only then does it open a session."""
            for reader in (CONDUCTOR, GATE):
                mailbox.send(reader, CommandStarted(name, pid))

        def open_command(count: int) -> Session:
            who = session_name(tag, name, count)
            return CommandSession(command, address.named(url, who), who, started)

        return open_command

    opened = load(lock.name) if isinstance(lock, LockSpec) else lock

    def open_python(count: int) -> Session:
        return PythonSession(opened(address.named(dsn, session_name(tag, name, count))))

    return open_python


def _log_to(path: Path) -> None:
    """What the lock prints, and a lock command's standard error, goes to a file and not to the terminal."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
