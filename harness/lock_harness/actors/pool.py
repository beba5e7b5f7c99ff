"""Actor processes, some at work and some spare, all forked from a process that has everything imported."""

import atexit
import contextlib
import functools
import io
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import multiprocess
from multiprocess import connection, context, forkserver, popen_forkserver, reduction, resource_tracker, spawn

from lock_harness.actors import wall_clock
from lock_harness.actors.actor import main, session_name
from lock_harness.actors.journal import JournalReader
from lock_harness.actors.mailbox import ActorFailed, CommandStarted, Mailbox, MailboxMessage, Ready
from lock_harness.core.clock import now_ns
from lock_harness.core.errors import MachineError, UserError, one_line
from lock_harness.guardian import Guardian
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec
from lock_harness.servers import address

START_MS = 15_000
SPARES = 2
LOG_SHOWN = 300  # characters


class _Popen(popen_forkserver.Popen):  # type: ignore[misc]
    """Starts a process without importing our `__main__` in it once more.

    The import would cost a cold start each time, and run a user's unguarded script again.  What is defined
    in `__main__` travels by value, thanks to dill.
    """

    def _launch(self, process: Any) -> None:
        preparation = spawn.get_preparation_data(process.name)
        preparation.pop("init_main_from_name", None)
        preparation.pop("init_main_from_path", None)
        data = io.BytesIO()
        context.set_spawning_popen(self)
        try:
            reduction.dump(preparation, data)
            reduction.dump(process, data)
        finally:
            context.set_spawning_popen(None)
        self.sentinel, into = process.home.connect_to_new_process(self._fds)
        keep = os.dup(into)
        self.finalizer = multiprocess.util.Finalize(self, multiprocess.util.close_fds, (keep, self.sentinel))
        with open(into, "wb") as pipe:
            pipe.write(data.getbuffer())
        self.pid = forkserver.read_signed(self.sentinel)


class _Process(context.ForkServerProcess):  # type: ignore[misc]
    def __init__(self, home: forkserver.ForkServer, **options: Any) -> None:
        super().__init__(**options)
        self.home = home

    def __getstate__(self) -> dict[str, Any]:
        """What travels to the new process, to which its fork server means nothing."""
        return {key: value for key, value in vars(self).items() if key != "home"}

    @staticmethod
    def _Popen(process: Any) -> _Popen:  # noqa: N802 - the name that multiprocess calls
        return _Popen(process)


@functools.cache
def _guarded_directory() -> Path:
    """Where fork servers keep their sockets, so that they are cleaned up after a SIGKILL too.

    They outlive a pool, so the directory is one for the whole process.
    """
    guardian = Guardian()
    atexit.register(guardian.close)
    configuration: dict[str, Any] = vars(multiprocess.current_process())["_config"]
    configuration.setdefault("tempdir", str(guardian.directory))
    return guardian.directory


@functools.cache
def _fork_server(faketime: Path | None, module: str | None) -> forkserver.ForkServer:
    """A process that has everything imported, `module` too; its children's wall clocks obey `faketime`."""
    directory = _guarded_directory()
    server = forkserver.ForkServer()
    server.set_forkserver_preload(["lock_harness.actors.actor", *([module] if module else [])])
    if faketime is None:
        return server  # it starts when it is first needed
    right = wall_clock.clock_file(directory, "right")
    wall_clock.step(right, 0)
    resource_tracker.ensure_running()  # else it would be started with the fork server's environment
    with _environment(wall_clock.environment(faketime, right)):
        server.ensure_running()
    return server


@contextlib.contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    """Ours with `more`, for the length of a `with` block: a fork server is given none of its own."""
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        for name in more:
            os.environ.pop(name)
        os.environ.update(before)


class ActorProcess:
    """The conductor's hold on one actor process."""

    def __init__(self, name: str, tag: str, process: Any, journal: Path) -> None:
        self.name = name
        self.journal = JournalReader(journal)
        self.sessions = 1
        self.ready: Ready | None = None
        self.command_pid: int | None = None  # the program of its lock command, if it has one
        self._tag = tag
        self._process = process

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def session(self) -> str:
        """The application_name of the session that is open now."""
        return session_name(self._tag, self.name, self.sessions - 1)

    @property
    def all_sessions(self) -> list[str]:
        """Those of the closed sessions too, in case one of them lingers on."""
        return [session_name(self._tag, self.name, number) for number in range(self.sessions)]

    @property
    def sentinel(self) -> int:
        """A file descriptor that is readable when the process has ended."""
        return int(self._process.sentinel)

    @property
    def pids(self) -> tuple[int, ...]:
        """Its own process and that of its lock command."""
        return (self.pid,) if self.command_pid is None else (self.pid, self.command_pid)

    def alive(self) -> bool:
        return bool(self._process.is_alive())

    def kill(self) -> None:
        """SIGKILL; return when the process is gone."""
        self.signal(signal.SIGKILL)
        self._process.join()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the actor, and to the lock command where there is one."""
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill_group(self) -> None:
        """Everything that this actor may have started too."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.kill()


class ActorPool:
    """Starts actors ahead of need and hands them out ready.

    `lock` is a spec that each process loads for itself, or a callable, which is sent to it by dill.
    `log` of an actor holds what its lock printed.  `faketime`: the library that their wall clocks obey, if any.
    """

    def __init__(
        self,
        guardian: Guardian,
        mailbox: Mailbox,
        tag: str,
        lock: LockSpec | Lock,
        dsn: str,
        url: str,
        faketime: Path | None = None,
    ) -> None:
        self._guardian = guardian
        self._mailbox = mailbox
        self._arguments = (tag, lock, dsn, url)
        self._tag = tag
        self._numbers = count()
        self._starting: dict[str, ActorProcess] = {}
        self._spares: deque[ActorProcess] = deque()
        self._secrets = (dsn, url)
        self.deferred: deque[MailboxMessage] = deque()  # what came for others while we waited for a spare
        self._faketime = faketime
        self._home = _fork_server(faketime, _module_of(lock))

    @property
    def directory(self) -> Path:
        """Where the actors live."""
        return self._guardian.directory

    @property
    def spare_count(self) -> int:
        """How many spares there are, or are on their way."""
        return len(self._starting) + len(self._spares)

    @property
    def sessions(self) -> list[str]:
        """Those of the spares."""
        return [one.session for one in (*self._starting.values(), *self._spares)]

    def reserve(self, wanted: int) -> None:
        """Have at least `wanted` spares on their way."""
        while self.spare_count < wanted:
            self._start()

    def take(self) -> ActorProcess:
        """A ready actor, at once if a spare is there; `UserError` if the lock cannot open a session."""
        self.reserve(1)
        deadline = now_ns() + START_MS * 1_000_000
        while not self._spares:
            message = self._mailbox.receive(20)
            if message is not None:
                if not self.register(message):
                    self.deferred.append(message)
            elif now_ns() > deadline or not all_alive(self._starting.values()):
                self._raise_no_start()
        return self._spares.popleft()

    def register(self, message: MailboxMessage) -> bool:
        """Take note of a process that has come up; False for any other message."""
        if isinstance(message, ActorFailed):
            raise self.failure(message)
        if isinstance(message, CommandStarted) and message.name in self._starting:
            self._starting[message.name].command_pid = message.pid
            return True
        if not isinstance(message, Ready) or message.name not in self._starting:
            return False
        process = self._starting.pop(message.name)
        process.ready = message
        self._spares.append(process)
        return True

    def discard(self, process: ActorProcess) -> None:
        """End a process for good, with all that it started."""
        process.kill_group()
        process.journal.close()
        self._guardian.disown(process.pid)

    def close(self) -> None:
        for process in [*self._starting.values(), *self._spares]:
            self.discard(process)
        self._starting.clear()
        self._spares.clear()

    def _start(self) -> None:
        name = f"a{next(self._numbers)}"
        directory = self._guardian.directory
        if self._faketime:
            wall_clock.step(wall_clock.clock_file(directory, name), 0)
        arguments = (directory, name, *self._arguments)
        process = _Process(self._home, target=main, args=arguments, name=name, daemon=True)
        try:
            process.start()
        except OSError as error:
            raise MachineError(f"an actor process could not be started: {error}") from None
        self._guardian.own(process.pid)
        self._starting[name] = ActorProcess(name, self._tag, process, directory / f"{name}.journal")

    def _raise_no_start(self) -> None:
        while (message := self._mailbox.receive(0)) is not None:
            self.register(message)  # its own words are better than ours
        if self._spares:
            return
        dead = [name for name, one in self._starting.items() if not one.alive()]
        what = "ended" if dead else f"did not open a session within {START_MS // 1000} s"
        words = self._said((dead or list(self._starting))[0]) or "; it said nothing"
        raise UserError(f"the lock {what} before it could be used{words}")

    def failure(self, message: ActorFailed) -> UserError:
        """What to tell the user of an actor that cannot go on."""
        return UserError(f"the lock cannot be used: {message.why}{self._said(message.name)}")

    def _said(self, name: str) -> str:
        """The end of what the lock printed, in one line and without secrets."""
        log = self.directory / f"{name}.log"
        words = one_line(log.read_text(errors="replace")[-LOG_SHOWN:]) if log.exists() else ""
        for secret in self._secrets:
            words = address.redact(words, secret)
        return f"; it said: {words}" if words else ""


def _module_of(lock: LockSpec | Lock) -> str | None:
    """What every actor would have to import; `__main__` travels by value."""
    if isinstance(lock, LockSpec):
        return lock.name.partition(":")[0] if lock.name else None
    module = getattr(lock, "__module__", None)
    return None if module == "__main__" else module


def all_alive(processes: Iterable[ActorProcess]) -> bool:
    """Whether none has ended by itself: one question to the system for all of them."""
    return not connection.wait([one.sentinel for one in processes], 0)


def names(team: Sequence[ActorProcess]) -> tuple[str, ...]:
    return tuple(one.name for one in team)
