"""The main function of an actor process: opens a lock session, then acts on messages until the process is killed."""

import os
import signal
import sys
from pathlib import Path
from threading import Thread

import multiprocess

from lock_harness.actors import wall_clock
from lock_harness.actors.actor import Actor
from lock_harness.actors.code_cache import share_compiled_code
from lock_harness.actors.command import CommandSession
from lock_harness.actors.hold_only import with_acquire
from lock_harness.actors.journal import Journal
from lock_harness.actors.mailbox import CONDUCTOR, GATE, ActorFailed, CommandStarted, Mailbox
from lock_harness.actors.operations import OperationRunner
from lock_harness.actors.process import thread_name
from lock_harness.actors.session import PythonSession, Session, SessionOpener, session_name
from lock_harness.core.attempt import Attempt
from lock_harness.core.contract import declared, with_changes
from lock_harness.core.errors import HarnessError, one_line
from lock_harness.locks.interface import Lock
from lock_harness.locks.line_protocol import LockCommandEnded, LockCommandFailed
from lock_harness.locks.loading import LockSpec, load
from lock_harness.locks.validation import require_synchronous, require_usable
from lock_harness.servers import address

# how soon Python lets another thread continue, so that the threads of an actor process interleave
SWITCH_S = 1e-5


def run_actor(
    directory: Path,
    name: str,
    tag: str,
    lock: LockSpec | Lock,
    url: str,
    threads: int = 1,
    inspects: bool = False,
) -> None:
    """Run an actor until its process is killed or the harness has ended.

    `inspects`: programs may inspect its session.  With several `threads` each is an actor, and they share a session.  If the lock session cannot be used, the conductor
    gets `ActorFailed`.  `url` is the server's address.
    """
    detach(directory / f"{name}.log")
    os.environ[wall_clock.FILE] = str(wall_clock.clock_file(directory, name))
    share_compiled_code(directory)
    mailbox = Mailbox(directory, name)
    with Attempt() as attempt:
        open_session = _session_opener(tag, name, lock, url, mailbox)
        if threads > 1:
            open_session = _sharing(open_session)
            sys.setswitchinterval(SWITCH_S)

        def actor(name: str, mailbox: Mailbox) -> Actor:
            journal = Journal(directory / f"{name}.journal")
            operations = OperationRunner(
                directory, journal, open_session, url, shares_session=threads > 1, inspects=inspects
            )
            return Actor(name, mailbox, operations)

        first = actor(name, mailbox)
        others = [Mailbox(directory, thread_name(name, number)) for number in range(1, threads)]
        for other in others:
            arguments = (actor(other.name, other), other, url)
            Thread(target=_handle_messages, args=arguments, daemon=True).start()
        mailbox.send(CONDUCTOR, first.ready())
        _handle_messages(first, mailbox, url)
    if attempt.error is not None:
        mailbox.send(CONDUCTOR, ActorFailed(name, describe_error(attempt.error, url)))


def _handle_messages(actor: Actor, mailbox: Mailbox, url: str) -> None:
    """Act on messages until the harness has ended, or the lock session cannot be used."""
    with Attempt() as attempt:
        # The guardian kills the processes that it knows.  It may not know one that was being forked when the
        # harness died, so the actor also watches its parent.
        while (message := mailbox.receive_while(multiprocess.parent_process().sentinel)) is not None:
            actor.handle(message)
    if attempt.error is not None:
        mailbox.send(CONDUCTOR, ActorFailed(mailbox.name, describe_error(attempt.error, url)))


def _sharing(open_session: SessionOpener) -> SessionOpener:
    """Open a session now, and return a function that returns it each time."""
    session = open_session(0)
    return lambda _: session


def _session_opener(tag: str, name: str, lock: LockSpec | Lock, url: str, mailbox: Mailbox) -> SessionOpener:
    """Return a function that opens the lock session of the given number."""
    changes = dict(lock.contract) if isinstance(lock, LockSpec) else {}
    if isinstance(lock, LockSpec) and lock.command:
        command = lock.command

        def report_start(pid: int) -> None:
            """Report the process before it opens a session, so that faults reach it from then on."""
            for reader in (CONDUCTOR, GATE):
                mailbox.send(reader, CommandStarted(name, pid))

        def open_command(number: int) -> Session:
            application_name = session_name(tag, name, number)
            named_url = address.named(url, application_name)
            return CommandSession(command, named_url, application_name, report_start, changes)

        return open_command

    open_client = load(lock.name) if isinstance(lock, LockSpec) else lock
    require_synchronous(open_client)

    def open_python(number: int) -> Session:
        client = open_client(address.named(url, session_name(tag, name, number)))
        require_usable(client)
        own = getattr(client, "contract", None)
        contract = declared(getattr(open_client, "contract", None) if own is None else own)
        return PythonSession(*with_acquire(client, with_changes(contract, changes)))

    return open_python


def describe_error(error: Exception, url: str) -> str:
    """Return an exception of the lock on one line, without the password of its address."""
    own = isinstance(error, HarnessError | LockCommandEnded | LockCommandFailed)
    kind = "" if own else f"{type(error).__name__}: "
    return address.redact(kind + one_line(error), url)


def detach(log_path: Path) -> None:
    """Detach this process, and every program that the lock starts, from the terminal; its output goes to a file."""
    # In a process group of its own: a Ctrl-C in the terminal is for the conductor, and `kill_group` reaches
    # every program that the lock starts.
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # the connection string says everything about the server
    address.forget_environment()
    try:
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except FileNotFoundError:
        # The harness has ended, and its guardian has removed the directory, while this process was being forked.
        raise SystemExit(0) from None
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
