"""The command line: `lock-harness run | replay | list | locks | doctor`."""

import os
import signal
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import App, Parameter
from rich.console import Console
from rich.prompt import Confirm
from rich.text import Text

from lock_harness.core.errors import HarnessError, UserError, one_line
from lock_harness.frontends.campaign import Campaign, Options
from lock_harness.frontends.known_scenarios import find_known_scenarios, replacement_notes, skipped_notes
from lock_harness.frontends.lock_option import resolve_lock
from lock_harness.frontends.replay import replay as replay_run
from lock_harness.frontends.reports import DEFAULT, check_writable
from lock_harness.programs.loading import pick_scenarios
from lock_harness.render.lock_table import lock_table
from lock_harness.servers import address, doctor, holders
from lock_harness.servers.lease import DEFAULT_YEARS, parse_years
from lock_harness.servers.providers import NONE, open_server

INTERRUPTED = 130  # as a shell reports SIGINT

console = Console(highlight=False)
app = App(
    name="lock-harness",
    help="Know that a lock built on PostgreSQL holds: real processes, a live server, generated interleavings.",
    version=metadata.version("lock-harness"),
    version_flags=["--version"],
    console=console,
    suppress_keyboard_interrupt=False,  # an interrupted run tells what it has first
)

Pg = Annotated[
    str | None,
    Parameter(
        "--pg",
        help=f"The server: a connection string, embedded, or container. Default: ${address.VARIABLE}, "
        "else an embedded server is started.",
    ),
]
NamedPg = Annotated[
    str | None, Parameter("--pg", help=f"The server: a connection string. Default: ${address.VARIABLE}.")
]
LockName = Annotated[str | None, Parameter("--lock", help="The lock under test, as package.module:attr.")]
LockCommand = Annotated[
    str | None,
    Parameter("--lock-command", help="The lock under test, as a program that speaks JSON lines."),
]


@app.command
def run(
    *scenarios: str,
    examples: Annotated[int | None, Parameter(help="Examples of each drawn scenario.")] = None,
    for_: Annotated[
        str | None, Parameter("--for", help="Explore for so long in all, such as 90s or 5m.")
    ] = None,
    seed: Annotated[int | None, Parameter(help="Seed of the draws; the same seed draws the same.")] = None,
    workers: Annotated[int | None, Parameter(["-n", "--workers"], help="Share the work out.")] = None,
    lock: LockName = None,
    lock_command: LockCommand = None,
    pg: Pg = None,
    years: Annotated[str, Parameter(help="Whose months may be used.")] = str(DEFAULT_YEARS),
    release_ms: Annotated[int | None, Parameter(help="A dead client's locks are free after this.")] = None,
    reports: Annotated[Path, Parameter(help="Where reports are written.")] = DEFAULT,
) -> int:
    """Run scenarios against a lock: those named, a folder of them, or all that are not planted.

    Exit code 0: everything holds. 1: a violation. 2: a mistake in what was asked. 3: unknown.
    """
    _positive("--examples", examples)
    _positive("-n", workers)
    _positive("--release-ms", release_ms)
    options = Options(
        examples=examples,
        seconds=_seconds(for_),
        seed=seed,
        workers=workers,
        lock=resolve_lock(lock, lock_command),
        years=parse_years(years),
        release_ms=release_ms,
        reports=reports,
    )
    catalogue = find_known_scenarios()
    chosen = pick_scenarios(catalogue, scenarios)
    if pg == NONE:
        console.print("skipped: --pg none leaves no server to test on; leave it out to have one started")
        return 0
    os.environ.setdefault(
        "HYPOTHESIS_STORAGE_DIRECTORY", str(reports / ".hypothesis")
    )  # not in the user's way
    campaign = Campaign(chosen, options, console)
    check_writable(reports)
    lock_of_all = "each its own" if all(one.lock for one in chosen) else options.lock or "reference"
    for note in replacement_notes(catalogue, [one.name for one in chosen]):
        console.print(Text(note, "dim"), soft_wrap=True)
    with open_server(pg) as server:
        console.print(f"{server}, lock {lock_of_all}, seed {campaign.seed}", soft_wrap=True)
        return campaign.run(server)


@app.command
def replay(
    path: Path,
    *,
    times: Annotated[int, Parameter(help="Run it so often.")] = 10,
    lock: LockName = None,
    lock_command: LockCommand = None,
    pg: Pg = None,
) -> int:
    """Run the program of a saved run.json again, and tell how often it fails.

    The lock is the one of the run unless another is given. Exit codes as of run.
    """
    _positive("--times", times)
    return replay_run(path, times, resolve_lock(lock, lock_command), pg, console)


@app.command(name="list")
def list_scenarios() -> int:
    """List the scenarios; those under planted/ have a broken lock, which must be caught."""
    catalogue = find_known_scenarios()
    for name, file in catalogue.files.items():
        console.print(Text.assemble((f"{name:<36}", "bold"), file.about), soft_wrap=True)
    for note in (*replacement_notes(catalogue, catalogue.files), *skipped_notes(catalogue)):
        console.print(Text(note, "dim"), soft_wrap=True)
    return 0


@app.command
def locks(
    *,
    terminate: Annotated[int | None, Parameter(help="Free what this session holds by ending it.")] = None,
    yes: Annotated[bool, Parameter(help="Do not ask.", negative=())] = False,
    pg: NamedPg = None,
) -> int:
    """Show who holds and who waits for advisory locks, or end a session that holds some."""
    dsn = _named_dsn(pg)
    with address.connect(dsn, "lock-harness locks") as conn:
        if terminate is None:
            found = holders.all_locks(conn)
            console.print(lock_table(found, datetime.now(UTC)) if found else "no advisory locks")
            return 0
        lock = holders.holder(conn, terminate)
        who = f"pid {lock.pid} ({lock.application_name or 'no name'}, {lock.client}, {lock.state})"
        if not yes and not sys.stdin.isatty():
            raise UserError(f"nobody is there to ask whether to end {who}: add --yes")
        if not yes and not Confirm.ask(f"End the session of {who}?", console=console, default=False):
            console.print("nothing was done")
            return 0
        ended = holders.terminate(conn, terminate)
        console.print(f"ended {who}" if ended else f"pid {terminate} was gone already")
        return 0


@app.command(name="doctor")
def examine(*, pg: NamedPg = None) -> int:
    """Examine a server: can session locks work there? Finds poolers that break them.

    Exit code 1 if they cannot.
    """
    marks = {"good": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "bold red")}
    worst = 0
    for diagnosis in doctor.examine(_named_dsn(pg)):
        line = Text.assemble(marks[diagnosis.level], f" {diagnosis.what:<14}", diagnosis.text)
        console.print(line, soft_wrap=True)
        worst = max(worst, diagnosis.level == "bad")
    return int(worst)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; errors become one line and an exit code."""
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # end tidily, also where a shell has us ignore it
        signal.signal(number, signal.default_int_handler)
    try:
        code = app(
            sys.argv[1:] if arguments is None else arguments,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except HarnessError as error:
        return _complain(str(error), error.exit_code)
    except cyclopts.CycloptsError as error:
        return _complain(f"{one_line(error).rstrip('.')}; see lock-harness --help", UserError.exit_code)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _complain(what: str, code: int) -> int:
    print(f"lock-harness: {what}", file=sys.stderr)
    return code


def _named_dsn(pg: str | None) -> str:
    dsn = pg or address.from_environment()
    if dsn is None:
        raise UserError(f"name a server with --pg {address.EXAMPLE} or in {address.VARIABLE}")
    return address.check(dsn)


def _positive(option: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise UserError(f"{option} {value} must be 1 or more")


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    if not number.isdecimal() or int(number) < 1:
        raise UserError(f"--for {text!r} is not a time: write it as 90, 90s, 5m or 2h")
    return int(number) * units[unit]
