"""One actor process as the conductor sees it: its sessions, its journal, its signals."""

import contextlib
import os
import signal
from collections.abc import Iterable, Sequence
from pathlib import Path

from multiprocess import connection

from lock_harness.actors.fork_server import ForkedProcess, ForkServer
from lock_harness.actors.journal import JournalReader
from lock_harness.actors.mailbox import Ready
from lock_harness.actors.session import session_name
from lock_harness.core.clock import now_ns
from lock_harness.core.history import Event


class ActorProcess:
    """A running actor process.

    Attributes:
        session_count: How many sessions the actor has opened so far.
        ready: The message that the actor sent when its first session was open.
        command_pid: The process of the lock command, if the lock is one.
        opened_ns: When the session that is open now was opened.
        used_ns: When this session made its last known call; None if it has made none.
        is_thread: Whether the actor is another thread of the process of an actor before it.
        is_new: Whether the process has made no call yet, in any of its sessions.
    """

    def __init__(self, name: str, tag: str, process: ForkedProcess, journal: Path) -> None:
        self.name = name
        self.journal = JournalReader(journal)
        self.session_count = 1
        self.ready: Ready | None = None
        self.command_pid: int | None = None
        self.opened_ns = now_ns()
        self.used_ns: int | None = None
        self.is_new = True
        self.is_thread = False
        self._tag = tag
        self._process = process

    def thread(self, number: int) -> "ActorProcess":
        """Return the actor that runs as thread `number` of this process, and uses the same session."""
        name = thread_name(self.name, number)
        thread = ActorProcess(name, self._tag, self._process, self.journal.path.with_name(f"{name}.journal"))
        thread.ready, thread.opened_ns, thread.is_thread = self.ready, self.opened_ns, True
        return thread

    @property
    def verbs(self) -> tuple[str, ...]:
        """The optional verbs that the lock offers."""
        return self.ready.verbs if self.ready else ()

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def fork_server(self) -> ForkServer:
        """The fork server from which the process comes."""
        return self._process.server

    def is_forked(self) -> bool:
        """Return whether the process exists already.  Its other attributes wait until it does."""
        return self._process.is_forked()

    @property
    def session(self) -> str:
        """The application_name of the session that is open now."""
        return session_name(self._tag, self.name, self.session_count - 1)

    @property
    def all_sessions(self) -> list[str]:
        """The application_names of all sessions, open and closed: a closed session may linger on the server."""
        return [session_name(self._tag, self.name, number) for number in range(self.session_count)]

    @property
    def sentinel(self) -> int:
        """A file descriptor that is readable when the process has ended."""
        return int(self._process.sentinel)

    @property
    def pids(self) -> tuple[int, ...]:
        """The actor process and, if there is one, the process of its lock command."""
        return (self.pid,) if self.command_pid is None else (self.pid, self.command_pid)

    def note_calls(self, events: Sequence[Event]) -> None:
        """Note from the events of the actor when it opened its session and when it used it last."""
        for event in events:
            self.is_new = False
            if event.verb == "reopen" and event.kind == "ok":
                self.opened_ns, self.used_ns = event.at_ns, None
            else:
                self.used_ns = event.at_ns

    def alive(self) -> bool:
        return bool(self._process.is_alive())

    @property
    def how_it_ended(self) -> str:
        """The exit code of an ended process, or the signal that ended it."""
        return exit_text(int(self._process.exitcode))

    def kill(self) -> None:
        """Send SIGKILL; return when the process has ended."""
        self.signal(signal.SIGKILL)
        self._process.join()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the actor and to its lock command."""
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill_group(self) -> None:
        """Kill the actor and every process that it may have started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.kill()


def exit_text(code: int) -> str:
    """Return an exit code in words; a negative one is the number of a signal."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def all_alive(processes: Iterable[ActorProcess]) -> bool:
    """Return whether none of the processes has ended, by one system call for all of them."""
    # threads of one process have the same sentinel
    return not connection.wait(list({process.sentinel for process in processes}), 0)


def thread_name(name: str, number: int) -> str:
    """Return the name of the actor that is thread `number` of the process `name`; the first has number 0."""
    return f"{name}t{number}" if number else name


def names(team: Sequence[ActorProcess]) -> tuple[str, ...]:
    return tuple(process.name for process in team)
