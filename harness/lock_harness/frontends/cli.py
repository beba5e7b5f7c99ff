"""The command line: `lock-harness run | replay | list | contract | locks | doctor`."""

import signal
import sys
from importlib import metadata

import cyclopts
from cyclopts import App

from lock_harness.core.attempt import Attempt
from lock_harness.core.errors import HarnessError, MachineError, UserError, one_line
from lock_harness.frontends.commands.contract import examine_contract
from lock_harness.frontends.commands.doctor import examine
from lock_harness.frontends.commands.list import list_scenarios
from lock_harness.frontends.commands.locks import locks
from lock_harness.frontends.commands.replay import replay
from lock_harness.frontends.commands.run import run
from lock_harness.frontends.configuration import apply_table
from lock_harness.frontends.terminal import console

INTERRUPTED = 130  # the exit code that a shell reports for SIGINT

app = App(
    name="lock-harness",
    help="Property-based concurrency tests for locks built on PostgreSQL, with real processes and a live server.",
    version=metadata.version("lock-harness"),
    version_flags=["--version"],
    console=console,
    config=apply_table,
    # `main` handles it, after an interrupted run has shown its results.
    suppress_keyboard_interrupt=False,
)
for command, name in (
    (run, "run"),
    (replay, "replay"),
    (list_scenarios, "list"),
    (examine_contract, "contract"),
    (locks, "locks"),
    (examine, "doctor"),
):
    app.command(command, name=name)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; an error becomes one line."""
    # Clean up on these signals, even if the shell started us with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with Attempt() as attempt:
            return _run_command(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        return _print_error("interrupted", INTERRUPTED)
    assert attempt.error is not None
    return _report(attempt.error)


def _run_command(arguments: list[str]) -> int:
    code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    return code if isinstance(code, int) else 0


def _report(error: Exception) -> int:
    """Print an error on one line, and return the exit code that belongs to it."""
    if isinstance(error, HarnessError):
        return _print_error(str(error), error.exit_code)
    if isinstance(error, cyclopts.CycloptsError):
        return _print_error(f"{one_line(error).rstrip('.')}; see lock-harness --help", UserError.exit_code)
    import psycopg

    if isinstance(error, psycopg.Error):
        return _print_error(
            f"the server refused what the harness needs: {one_line(error)}", MachineError.exit_code
        )
    raise error


def _print_error(message: str, code: int) -> int:
    print(f"lock-harness: {message}", file=sys.stderr)
    return code
