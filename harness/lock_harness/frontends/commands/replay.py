"""The command `replay`."""

from lock_harness.frontends import parameters
from lock_harness.frontends.terminal import console
from lock_harness.frontends.values import check_positive


def replay(
    path: parameters.SavedRun,
    *,
    times: parameters.Times = 10,
    lock: parameters.LockOfReplay = None,
    lock_command: parameters.LockCommand = None,
    contract: parameters.ContractFields = [],  # noqa: B006
    pg: parameters.ServerChoice = None,
) -> int:
    """Run the program of a saved run.json again, and show how often it fails; or all runs below a folder.

    The lock is that of the saved run unless another is given. The exit codes are those of run.
    """
    check_positive("--times", times)
    from lock_harness.frontends.lock_option import resolve_lock

    spec = resolve_lock(lock, lock_command, contract)
    from lock_harness.frontends.replay import RUN_FILE, replay_all
    from lock_harness.frontends.replay import replay as replay_run

    if path.is_dir() and not (path / RUN_FILE).exists():
        return replay_all(path, times, spec, pg, console)
    return replay_run(path, times, spec, pg, console)
