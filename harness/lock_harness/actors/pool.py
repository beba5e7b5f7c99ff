"""A pool of actor processes: spares are started ahead of need, so that an actor can be replaced at once."""

from collections import deque
from collections.abc import Callable
from itertools import count
from pathlib import Path

from lock_harness.actors import wall_clock
from lock_harness.actors.fork_server import ForkedProcess, fork_servers
from lock_harness.actors.mailbox import ActorFailed, CommandStarted, Mailbox, MailboxMessage, Ready, SetupDone
from lock_harness.actors.main import run_actor
from lock_harness.actors.preload import preloadable_modules
from lock_harness.actors.process import ActorProcess
from lock_harness.actors.setup import run_setup
from lock_harness.core.clock import now_ns
from lock_harness.core.errors import HarnessError, MachineError, NotApplicable, UserError, one_line
from lock_harness.guardian import Guardian
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec, reference
from lock_harness.servers import address
from lock_harness.servers.connections import is_refusal

START_MS = 15_000
SETUP_MS = 60_000
SPARES = 2
# enough for the actors of most programs and their spares
SHARED_SERVERS = 8
LOG_SHOWN = 300  # characters


class ActorPool:
    """Starts actor processes ahead of need and hands out those whose session is open.

    Args:
        lock: A spec that each process loads for itself, or a callable.  One that cannot be imported is sent by value.
        url: The server's address, for the lock.
        faketime: The libfaketime that controls the wall clocks of the actors, if any.
        threads: How many actors run in each process and share its session.

    Attributes:
        deferred: Messages for the conductor that arrived while `take` waited for a spare.
        inspects: Whether the actors that are started from now on can inspect their sessions.
    """

    def __init__(
        self,
        guardian: Guardian,
        mailbox: Mailbox,
        tag: str,
        lock: LockSpec | Lock,
        url: str,
        faketime: Path | None = None,
        threads: int = 1,
    ) -> None:
        self._threads = threads
        self._guardian = guardian
        self._mailbox = mailbox
        self._tag = tag
        self._lock = _spec(lock) or lock
        self._url = url
        self._numbers = count()
        self._starting: dict[str, ActorProcess] = {}
        self._spares: deque[ActorProcess] = deque()
        # processes that the guardian does not know yet, because they may not be forked yet
        self._unowned: set[ActorProcess] = set()
        self._setup_result: str | None = None
        self._setup_refusal = ""
        self.deferred: deque[MailboxMessage] = deque()
        self.inspects = False
        self._faketime = faketime
        self._fork_servers = fork_servers(faketime)

    @property
    def directory(self) -> Path:
        """The directory of the actors' mailboxes, journals and logs."""
        return self._guardian.directory

    @property
    def spare_count(self) -> int:
        """The number of spares, including those that are starting."""
        return self._threads * len(self._starting) + len(self._spares)

    @property
    def spare_sessions(self) -> list[str]:
        """The application_names of the spares' sessions."""
        return [process.session for process in (*self._starting.values(), *self._spares)]

    def set_up(self, url: str) -> None:
        """Let the lock prepare the database of this address, in a process of its own, while there is no actor.

        Raises:
            UserError: The setup failed.
        """
        if self._setup_result not in (None, "done"):
            return
        name = f"setup{next(self._numbers)}"
        process = self._fork(run_setup, name, url)
        done = self._await_setup(process)
        self.discard(process)
        if done.result == "failed":
            raise UserError(f"the lock cannot be used: {done.why}{self._log_tail(name)}")
        self._setup_result, self._setup_refusal = done.result, done.why

    def _await_setup(self, process: ActorProcess) -> SetupDone:
        deadline = now_ns() + SETUP_MS * 1_000_000
        while now_ns() < deadline:
            # checked before the mailbox is read: a report may be the last thing that the process did
            alive = process.alive()
            self._own_forked()
            message = self._mailbox.receive(20)
            # other messages come from actors that are dead now
            if isinstance(message, SetupDone):
                return message
            if not alive and message is None:
                return SetupDone(process.name, "failed", "its setup ended the process")
        return SetupDone(process.name, "failed", f"its setup did not return within {SETUP_MS // 1000} s")

    def reserve(self, wanted: int) -> None:
        """Start spares until there are at least `wanted`, without waiting for them."""
        self._fork_servers.reserve(wanted - self.spare_count)
        while self.spare_count < wanted:
            self._start()

    def expect_kills(self, kills: int) -> None:
        """Prepare for a program that kills this many actors: no replacement is to have the hash seed of a killed actor."""
        if kills:
            # Spares become ready in any order, so those that are started last need seeds of their own, too.
            self._fork_servers.reserve(kills + SPARES - self.spare_count)
            self.reserve(min(kills, SPARES))

    def take(self) -> ActorProcess:
        """Return a ready actor; wait for one if no spare is ready.

        Raises:
            UserError: The lock cannot open a session.
            NotApplicable: The server has no connection left for it.
        """
        self.reserve(1)
        deadline = now_ns() + START_MS * 1_000_000
        while not self._spares:
            self._own_forked()
            message = self._mailbox.receive(20)
            if message is not None:
                if not self.register(message):
                    self.deferred.append(message)
            elif now_ns() > deadline or not all(process.alive() for process in self._starting.values()):
                self._raise_start_failure()
        return self._spares.popleft()

    def register(self, message: MailboxMessage) -> bool:
        """Record the report of a starting actor; return False for any other message.

        Raises:
            UserError: The message says that an actor has failed.
            NotApplicable: It says that the server had no connection left for the actor.
        """
        if isinstance(message, ActorFailed):
            raise self.failure(message)
        if isinstance(message, CommandStarted) and message.name in self._starting:
            self._starting[message.name].command_pid = message.pid
            return True
        if not isinstance(message, Ready) or message.name not in self._starting:
            return False
        if "setup" in message.verbs and self._setup_refusal:
            raise UserError(f"the lock cannot be used: its setup failed: {self._setup_refusal}")
        process = self._starting.pop(message.name)
        self._own_forked()
        process.ready, process.opened_ns = message, now_ns()
        self._spares.append(process)
        self._spares.extend(process.thread(number) for number in range(1, self._threads))
        return True

    def discard(self, process: ActorProcess) -> None:
        """Kill an actor process and everything that it started, and close its journal."""
        process.kill_group()
        process.journal.close()
        if process.is_thread:
            return
        self._guardian.disown(process.pid)
        self._unowned.discard(process)
        self._fork_servers.give_back(process.fork_server)

    def close(self) -> None:
        for process in [*self._starting.values(), *self._spares]:
            self.discard(process)
        self._starting.clear()
        self._spares.clear()

    def _start(self) -> None:
        name = f"a{next(self._numbers)}"
        if self._faketime:
            wall_clock.step(wall_clock.clock_file(self.directory, name), 0)
        self._starting[name] = self._fork(run_actor, name, self._url, self._threads, self.inspects)

    def _fork(self, target: Callable[..., None], name: str, url: str, *more: int) -> ActorProcess:
        """Start a process that runs `target`, which gets the address of a server, and `more`."""
        arguments = (self.directory, name, self._tag, self._lock, url, *more)
        server = self._fork_servers.take()
        forked = ForkedProcess(server, target=target, args=arguments, name=name, daemon=True)
        try:
            forked.start()
        except OSError as error:
            self._fork_servers.give_back(server)
            raise MachineError(f"an actor process could not be started: {error}") from None
        process = ActorProcess(name, self._tag, forked, self.directory / f"{name}.journal")
        self._unowned.add(process)
        return process

    def _own_forked(self) -> None:
        """Let the guardian kill the processes that have been forked meanwhile, when the harness ends."""
        for process in [one for one in self._unowned if one.is_forked()]:
            self._guardian.own(process.pid)
            self._unowned.remove(process)

    def _raise_start_failure(self) -> None:
        # an ActorFailed that has arrived meanwhile explains the failure better
        while (message := self._mailbox.receive(0)) is not None:
            self.register(message)
        if self._spares:
            return
        dead = [name for name, process in self._starting.items() if not process.alive()]
        what = "ended" if dead else f"did not open a session within {START_MS // 1000} s"
        log = self._log_tail((dead or list(self._starting))[0]) or "; it printed nothing"
        raise UserError(f"the lock {what} before it could be used{log}")

    def failure(self, message: ActorFailed) -> HarnessError:
        """Return the error that reports a failed actor to the user."""
        if is_refusal(message.why):
            return NotApplicable(f"the server has no connection left for another actor: {message.why}")
        return UserError(f"the lock cannot be used: {message.why}{self._log_tail(message.name)}")

    def describe_end(self, process: ActorProcess) -> str:
        """Return how a process has ended by itself, and the end of its output."""
        return process.how_it_ended + self._log_tail(process.name)

    def _log_tail(self, name: str) -> str:
        """Return the end of the lock's output, on one line and without passwords."""
        log = self.directory / f"{name}.log"
        text = one_line(log.read_text(errors="replace")[-LOG_SHOWN:]) if log.exists() else ""
        return f"; it printed: {address.redact(text, self._url)}" if text else ""


def start_fork_servers(lock: LockSpec | Lock, faketime: Path | None = None) -> None:
    """Start the fork servers for the first actors of a pool, without waiting for them."""
    servers = fork_servers(faketime)
    if spec := _spec(lock):
        servers.preload(preloadable_modules(spec.module))
    servers.reserve(1 + SPARES)


def share_fork_servers() -> None:
    """Start fork servers that all processes use which are forked from this one afterwards, without waiting for them."""
    fork_servers().reserve(SHARED_SERVERS)


def _spec(lock: LockSpec | Lock) -> LockSpec | None:
    """Return the name by which an actor imports the lock, or its command; None if the lock must be sent by value."""
    return lock if isinstance(lock, LockSpec) else reference(lock)
