"""The main function of a setup process, in which the lock prepares a database before any session opens."""

import inspect
from collections.abc import Callable
from pathlib import Path

from lock_harness.actors.code_cache import share_compiled_code
from lock_harness.actors.command import CommandProcess
from lock_harness.actors.mailbox import CONDUCTOR, Mailbox, SetupDone
from lock_harness.actors.main import describe_error, detach
from lock_harness.core.attempt import Attempt
from lock_harness.core.errors import UserError
from lock_harness.locks.interface import Lock
from lock_harness.locks.loading import LockSpec, load
from lock_harness.servers import address


def run_setup(directory: Path, name: str, tag: str, lock: LockSpec | Lock, url: str) -> None:
    """Call the setup of the lock, if it has one, and report the result to the conductor."""
    detach(directory / f"{name}.log")
    share_compiled_code(directory)
    application_name = f"lock-harness/{tag}/{name}"
    named_url = address.named(url, application_name)
    if isinstance(lock, LockSpec) and lock.command:
        done = _set_up_command(name, lock.command, named_url, application_name)
    else:
        done = _set_up_python(name, lock, named_url)
    Mailbox(directory, name).send(CONDUCTOR, done)


def _set_up_python(name: str, lock: LockSpec | Lock, url: str) -> SetupDone:
    setup = _setup_of(lock)
    if setup is None:
        return SetupDone(name, "none")
    with Attempt() as attempt:
        if inspect.isawaitable(setup(url)):
            raise UserError("it is asynchronous, but the harness calls it as a function")
    if attempt.error is None:
        return SetupDone(name, "done")
    return SetupDone(name, "failed", f"its setup failed: {describe_error(attempt.error, url)}")


def _setup_of(lock: LockSpec | Lock) -> Callable[[str], object] | None:
    """Return the setup of the lock; None if it has none or does not load."""
    setup = None
    try:
        with Attempt():
            open_client = load(lock.name) if isinstance(lock, LockSpec) else lock
            setup = getattr(open_client, "setup", None)
    except SystemExit:
        return None
    return setup if callable(setup) else None


def _set_up_command(name: str, command: tuple[str, ...], url: str, application_name: str) -> SetupDone:
    """Send `setup` to the command as its only request."""
    with Attempt() as attempt:
        process = CommandProcess(command, application_name)
        try:
            answer = process.request("setup", dsn=url)
        finally:
            process.close()
        if answer.error is not None:
            raise UserError(answer.error)
    if attempt.error is None:
        return SetupDone(name, "done")
    return SetupDone(name, "refused", describe_error(attempt.error, url))
