"""From the options of the user to the lock under test."""

from lock_harness.core.errors import UserError
from lock_harness.locks.loading import LockSpec, command_spec, load


def resolve_lock(name: str | None, command: str | None) -> LockSpec | None:
    """Return the lock that the user chose by name or by command; None if neither was given.

    `UserError` if both were given, or if the lock cannot be imported or found.
    """
    if name is not None and command is not None:
        raise UserError("a lock's name and --lock-command exclude each other: give one of them")
    if command is not None:
        return command_spec(command)
    if name is None:
        return None
    # Import it here, so that a mistake in the name is reported before any process starts.
    load(name)
    return LockSpec(name)
