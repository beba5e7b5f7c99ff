"""Loads the lock that the user named: `package.module:attr` or a command line."""

import difflib
import importlib
import shlex
import shutil
import sys
from pathlib import Path

import msgspec

from lock_harness.core.attempt import Attempt
from lock_harness.core.errors import UserError, one_line
from lock_harness.locks.interface import Lock

REFERENCE = "lock_harness.locks.month_lock:MonthLock"


class LockSpec(msgspec.Struct, frozen=True):
    """The source from which an actor process gets the lock: an importable name, or a command that speaks the line protocol.

    `contract` has the fields of the contract that the user gave, which replace those that the lock declares.
    `by_value`: the lock is an object that has no importable name, so every actor gets a copy of it.
    """

    name: str = REFERENCE
    command: tuple[str, ...] = ()
    contract: tuple[tuple[str, str], ...] = ()
    by_value: bool = False

    @property
    def module(self) -> str:
        """The module that has to be imported for the lock; empty for a command."""
        return self.name.partition(":")[0]

    def __str__(self) -> str:
        return shlex.join(self.command) if self.command else self.name


def command_spec(line: str) -> LockSpec:
    """Return the spec of a `--lock-command`; raise `UserError` if there is no such program."""
    try:
        command = tuple(shlex.split(line))
    except ValueError as error:
        raise UserError(f"the lock command {line!r} cannot be split into words: {error}") from None
    if not command:
        raise UserError("the lock command is empty: give a program, such as 'node my_lock.mjs'")
    if shutil.which(command[0]) is None:
        raise UserError(f"the lock command's program {command[0]!r} is not found: check PATH or its spelling")
    return LockSpec(name="", command=command)


def reference(lock: Lock) -> LockSpec | None:
    """Return the name by which another process can import a lock; None if there is none, as for a closure."""
    module, path = getattr(lock, "__module__", None), getattr(lock, "__qualname__", None)
    if module is None or module == "__main__" or path is None:
        return None
    found: object = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return LockSpec(f"{module}:{path}") if found is lock else None


def spec_of(lock: LockSpec | Lock) -> LockSpec:
    """Return the name of a lock for reports, by which a replay can import it unless it is sent by value."""
    if isinstance(lock, LockSpec):
        return lock
    if importable := reference(lock):
        return importable
    kind = type(lock)
    module = getattr(lock, "__module__", kind.__module__)
    return LockSpec(f"{module}:{getattr(lock, '__qualname__', kind.__qualname__)}", by_value=True)


def load(name: str) -> Lock:
    """Return the callable that `module:attr` names; the module may be in the working directory.

    Raises:
        UserError: Says which half of the name is wrong, and suggests a similar one.
    """
    module_name, colon, path = name.partition(":")
    if not (module_name and colon and path):
        raise UserError(f"the lock {name!r} is not of the form package.module:attr")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    found: object = _import(module_name, name)
    for part in path.split("."):
        if not hasattr(found, part):
            close = difflib.get_close_matches(part, dir(found), 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise UserError(f"the lock {name!r}: {module_name} has no {part!r}{hint}")
        found = getattr(found, part)
    if not callable(found):
        raise UserError(f"the lock {name!r} is a {type(found).__name__}, not a callable that opens a session")
    return found


def _import(module_name: str, name: str) -> object:
    try:
        with Attempt() as attempt:
            return importlib.import_module(module_name)
    except SystemExit as error:
        raise UserError(f"the lock {name!r} does not import: its module exits with {error.code!r}") from None
    assert attempt.error is not None
    kind = type(attempt.error).__name__
    raise UserError(f"the lock {name!r} does not import: {kind}: {one_line(attempt.error)}")
