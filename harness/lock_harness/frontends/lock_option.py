"""From the options of the user to the lock under test."""

from collections.abc import Sequence

import msgspec

from lock_harness.core.contract import parse_options
from lock_harness.core.errors import UserError
from lock_harness.locks.loading import LockSpec, command_spec, load


def resolve_lock(name: str | None, command: str | None, contract: Sequence[str] = ()) -> LockSpec | None:
    """Return the lock that the user chose by name or by command; None if neither was given, nor a contract.

    `UserError` if both were given, if the lock cannot be imported or found, or if `contract` is none.

    Args:
        name: The importable name of the lock.
        command: The command line of a lock in another language.
        contract: Fields of its contract, as `KEY=VALUE`.
    """
    changes = tuple(parse_options(contract).items())
    spec = _named_lock(name, command)
    return msgspec.structs.replace(spec or LockSpec(), contract=changes) if changes else spec


def _named_lock(name: str | None, command: str | None) -> LockSpec | None:
    if name is not None and command is not None:
        raise UserError("a lock's name and --lock-command exclude each other: give one of them")
    if command is not None:
        return command_spec(command)
    if name is None:
        return None
    # Import it here, so that a mistake in the name is reported before any process starts.
    load(name)
    return LockSpec(name)
