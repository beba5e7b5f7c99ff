"""The command line: `lock-harness run | replay | promote | script | list | contract | locks | doctor`."""

from cyclopts import App

from lock_harness.core.attempt import Attempt
from lock_harness.frontends.commands.contract import examine_contract
from lock_harness.frontends.commands.doctor import examine
from lock_harness.frontends.commands.list import list_scenarios
from lock_harness.frontends.commands.locks import locks
from lock_harness.frontends.commands.promote import promote
from lock_harness.frontends.commands.replay import replay
from lock_harness.frontends.commands.run import run
from lock_harness.frontends.commands.script import script
from lock_harness.frontends.configuration import apply_table
from lock_harness.frontends.error_report import report_error
from lock_harness.frontends.terminal import (
    accept_any_encoding,
    console,
    discard_unwritten_output,
    flush_output,
)


def _version() -> str:
    from importlib import metadata

    return metadata.version("lock-harness")


app = App(
    name="lock-harness",
    help="Property-based concurrency tests for locks built on PostgreSQL, with real processes and a live server.",
    version=_version,
    version_flags=["--version"],
    # Markdown would take the * of patterns for emphasis, and time.
    help_format="plaintext",
    console=console,
    config=apply_table,
    # `lock_harness.__main__` handles it, after an interrupted run has shown its results.
    suppress_keyboard_interrupt=False,
)
for command, name in (
    (run, "run"),
    (replay, "replay"),
    (promote, "promote"),
    (script, "script"),
    (list_scenarios, "list"),
    (examine_contract, "contract"),
    (locks, "locks"),
    (examine, "doctor"),
):
    app.command(command, name=name)


def run_command_line(arguments: list[str]) -> int:
    """Run a command and return its exit code; an error becomes one line."""
    accept_any_encoding()
    try:
        with Attempt() as attempt:
            code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
            flush_output()
            return code if isinstance(code, int) else 0
        assert attempt.error is not None
        return report_error(attempt.error)
    finally:
        discard_unwritten_output()
