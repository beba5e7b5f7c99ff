"""The command line: `lock-harness run | replay | list | contract | locks | doctor`."""

import os
import signal
import sys
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import cyclopts
import psycopg
from cyclopts import App
from rich.console import Console
from rich.prompt import Confirm
from rich.text import Text

from lock_harness.actors.pool import start_fork_servers
from lock_harness.core.errors import HarnessError, MachineError, UserError, one_line
from lock_harness.exploration.plan import Plan
from lock_harness.frontends import parameters
from lock_harness.frontends.campaign import Campaign
from lock_harness.frontends.contract_command import show_contract
from lock_harness.frontends.known_scenarios import find_known_scenarios, replacement_notes, skipped_notes
from lock_harness.frontends.lock_option import resolve_lock
from lock_harness.frontends.options import RunOptions
from lock_harness.frontends.replay import replay as replay_run
from lock_harness.frontends.reports import DEFAULT, check_writable
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.loading import pick_scenarios
from lock_harness.render.lock_table import lock_table
from lock_harness.servers import address, doctor, holders
from lock_harness.servers.lease import DEFAULT_YEARS, parse_years
from lock_harness.servers.named import resolve
from lock_harness.servers.providers import NONE, open_server

INTERRUPTED = 130  # the exit code that a shell reports for SIGINT
MARKS = {"good": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "bold red")}

console = Console(highlight=False)
app = App(
    name="lock-harness",
    help="Property-based concurrency tests for locks built on PostgreSQL, with real processes and a live server.",
    version=metadata.version("lock-harness"),
    version_flags=["--version"],
    console=console,
    # `main` handles it, after an interrupted run has shown its results.
    suppress_keyboard_interrupt=False,
)


@app.command
def run(
    *scenarios: parameters.ScenarioNames,
    examples: parameters.Examples = None,
    for_: parameters.TimeLimit = None,
    seed: parameters.Seed = None,
    workers: parameters.Workers = None,
    lock: parameters.LockName = None,
    lock_command: parameters.LockCommand = None,
    contract: parameters.ContractFields = [],  # noqa: B006
    pg: parameters.ServerChoice = None,
    years: parameters.YearRange = str(DEFAULT_YEARS),
    release_ms: parameters.ReleaseMs = None,
    reports: parameters.Reports = DEFAULT,
) -> int:
    """Run scenarios against a lock: the named ones, or all that are neither planted nor on request.

    Exit code 0: everything holds. 1: a violation. 2: a mistake in the command. 3: unknown, or a fault of the machine.
    """
    _check_positive("--examples", examples)
    _check_positive("-n", workers)
    _check_positive("--release-ms", release_ms)
    options = RunOptions(
        examples=examples,
        seconds=_parse_seconds(for_),
        seed=Plan().seed if seed is None else seed,
        workers=workers,
        lock=resolve_lock(lock, lock_command, contract),
        years=parse_years(years),
        release_ms=release_ms,
        reports=reports,
    )
    return _run_campaign(scenarios, options, pg)


def _run_campaign(names: tuple[str, ...], options: RunOptions, pg: str | None) -> int:
    catalogue = find_known_scenarios()
    scenarios = pick_scenarios(catalogue, names)
    if pg == NONE:
        console.print("skipped: --pg none leaves no server to test on; leave it out to have one started")
        return 0
    # Hypothesis would create its folder in the working directory.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(options.reports / ".hypothesis"))
    check_writable(options.reports)
    _print_notes(replacement_notes(catalogue, [one.name for one in scenarios]))
    lock = (
        "lock: per scenario" if all(one.lock for one in scenarios) else f"lock {options.lock or 'reference'}"
    )
    if options.workers is None:
        # they start while the server does
        start_fork_servers(scenarios[0].lock or options.lock or LockSpec())
    with open_server(pg) as server:
        console.print(f"{server}, {lock}, seed {options.seed}", soft_wrap=True)
        return Campaign(scenarios, options, console).run(server)


@app.command
def replay(
    path: parameters.SavedRun,
    *,
    times: parameters.Times = 10,
    lock: parameters.LockName = None,
    lock_command: parameters.LockCommand = None,
    contract: parameters.ContractFields = [],  # noqa: B006
    pg: parameters.ServerChoice = None,
) -> int:
    """Run the program of a saved run.json again, and show how often it fails.

    The lock is that of the saved run unless another is given. The exit codes are those of run.
    """
    _check_positive("--times", times)
    return replay_run(path, times, resolve_lock(lock, lock_command, contract), pg, console)


@app.command(name="list")
def list_scenarios() -> int:
    """List the scenarios, shipped and your own. Those under planted/ have a broken lock, which must be caught."""
    catalogue = find_known_scenarios()
    for name, file in catalogue.files.items():
        console.print(Text.assemble((f"{name:<36}", "bold"), file.about), soft_wrap=True)
    _print_notes(replacement_notes(catalogue, catalogue.files))
    _print_notes(skipped_notes(catalogue))
    return 0


@app.command(name="contract")
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
    return show_contract(resolve_lock(lock, lock_command, contract) or LockSpec(), pg, console)


@app.command
def locks(
    *,
    terminate: parameters.TerminatePid = None,
    yes: parameters.Yes = False,
    pg: parameters.NamedServer = None,
) -> int:
    """Show which sessions hold or wait for advisory locks, or end a session that holds some."""
    with address.connect(_named_dsn(pg), "lock-harness locks") as conn:
        if terminate is not None:
            return _terminate(conn, terminate, ask=not yes)
        found = holders.all_locks(conn)
        console.print(lock_table(found, datetime.now(UTC)) if found else "no advisory locks")
        return 0


def _terminate(conn: psycopg.Connection[Any], pid: int, *, ask: bool) -> int:
    lock = holders.holder(conn, pid)
    session = f"pid {lock.pid} ({lock.application_name or 'no name'}, {lock.client}, {lock.state})"
    if ask and not sys.stdin.isatty():
        raise UserError(f"no terminal to ask whether to end {session}: add --yes to end it")
    if ask and not Confirm.ask(f"End the session of {session}?", console=console, default=False):
        console.print("nothing was done")
        return 0
    ended = holders.terminate(conn, pid)
    console.print(f"ended {session}" if ended else f"pid {pid} was gone already")
    return 0


@app.command(name="doctor")
def examine(*, pg: parameters.NamedServer = None) -> int:
    """Examine whether session locks can work on a server. Finds poolers that break them.

    Exit code 1 if they cannot.
    """
    fit = True
    for diagnosis in doctor.examine(_named_dsn(pg)):
        line = Text.assemble(MARKS[diagnosis.level], f" {diagnosis.subject:<14}", diagnosis.text)
        console.print(line, soft_wrap=True)
        fit = fit and diagnosis.level != "bad"
    return 0 if fit else 1


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; an error becomes one line."""
    # Clean up on these signals, even if the shell started us with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        code = app(
            sys.argv[1:] if arguments is None else arguments,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except HarnessError as error:
        return _print_error(str(error), error.exit_code)
    except psycopg.Error as error:
        return _print_error(
            f"the server refused what the harness needs: {one_line(error)}", MachineError.exit_code
        )
    except cyclopts.CycloptsError as error:
        return _print_error(f"{one_line(error).rstrip('.')}; see lock-harness --help", UserError.exit_code)
    except KeyboardInterrupt:
        return _print_error("interrupted", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _print_error(message: str, code: int) -> int:
    print(f"lock-harness: {message}", file=sys.stderr)
    return code


def _print_notes(notes: list[str]) -> None:
    for note in notes:
        console.print(Text(note, "dim"), soft_wrap=True)


def _named_dsn(pg: str | None) -> str:
    dsn = pg or address.from_environment()
    if dsn is None:
        raise UserError(f"name a server with --pg {address.EXAMPLE} or in {address.VARIABLE}")
    return resolve(dsn).dsn


def _check_positive(option: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise UserError(f"{option} {value} must be 1 or more")


def _parse_seconds(text: str | None) -> float | None:
    if text is None:
        return None
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    if not number.isdecimal() or int(number) < 1:
        raise UserError(f"--for {text!r} is not a time: write it as 90, 90s, 5m or 2h")
    return int(number) * units[unit]
