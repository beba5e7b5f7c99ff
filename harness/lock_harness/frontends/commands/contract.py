"""The command `contract`."""

from lock_harness.frontends import parameters
from lock_harness.frontends.terminal import console


def examine_contract(
    *,
    lock: parameters.LockName = None,
    lock_command: parameters.LockCommand = None,
    contract: parameters.ContractFields = [],  # noqa: B006
    pg: parameters.ServerChoice = None,
) -> int:
    """Show by a few experiments which contract a lock follows, as a declaration to copy.

    Fields that are given by --contract are not examined.
    """
    from lock_harness.frontends.lock_option import resolve_lock
    from lock_harness.locks.loading import LockSpec

    spec = resolve_lock(lock, lock_command, contract) or LockSpec()
    from lock_harness.frontends.contract_command import show_contract

    return show_contract(spec, pg, console)
