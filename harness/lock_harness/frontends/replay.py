"""Run the program of a saved run again."""

import contextlib
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from rich.console import Console
from rich.text import Text

from lock_harness.campaign.arenas import OpenArenas
from lock_harness.core.errors import NotApplicable, UserError
from lock_harness.core.run import Run
from lock_harness.core.verdict import Status
from lock_harness.execution.arena import open_arena
from lock_harness.execution.faults import why_unavailable
from lock_harness.exploration.again import enough_runs, run_again
from lock_harness.exploration.executor import Executor
from lock_harness.exploration.results import Subject
from lock_harness.frontends.lock_option import resolve_lock
from lock_harness.frontends.reports import load, replay_command
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.equipment import equipment
from lock_harness.render.story import story
from lock_harness.render.text import plural
from lock_harness.servers.providers import open_server
from lock_harness.servers.server import Server
from lock_harness.servers.years import DEFAULT_YEARS

RUN_FILE = "run.json"
OutcomeKind = Literal["holds", "violated", "unknown", "skipped"]
MARKS: dict[OutcomeKind, tuple[str, str]] = {
    "holds": ("✓", "green"),
    "violated": ("✗", "bold red"),
    "unknown": ("?", "yellow"),
    "skipped": ("-", "dim"),
}
EXIT_CODES: dict[Status, int] = {"holds": 0, "violated": 1, "unknown": 3}


class Outcome(NamedTuple):
    """What became of one of many saved runs: a key of `MARKS`, and a line."""

    kind: OutcomeKind
    text: str


def replay(path: Path, times: int, lock: LockSpec | None, pg: str | None, console: Console) -> int:
    """Run the program of the run at `path` `times` times, show the worst result, and return its exit code.

    If the saved run failed only sometimes, too few runs without a failure prove nothing; then the result is unknown.
    """
    saved = load(path)
    spec = lock or _lock_of(saved)
    with (
        open_server(pg) as server,
        contextlib.closing(_executor(saved, spec, server)) as executor,
    ):
        run = _run_again(saved, spec, times, executor)
    console.print(story(run, replay_command(path)), crop=False)
    if _needs_new_processes(saved):
        console.print("Each run had new processes: the saved program failed only in them.", soft_wrap=True)
    if run.status == "holds" and (needed := runs_needed(saved)) > times:
        console.print(describe_too_few(saved, times, needed), soft_wrap=True)
        return EXIT_CODES["unknown"]
    return EXIT_CODES[run.status]


def replay_all(folder: Path, times: int, lock: LockSpec | None, pg: str | None, console: Console) -> int:
    """Replay each run.json below `folder`, print a line for each and a summary, and return the worst exit code.

    `UserError` if there is none, or if one of them is not a saved run.
    """
    saved = {path: load(path) for path in sorted(folder.rglob(RUN_FILE))}
    if not saved:
        raise UserError(f"there is no {RUN_FILE} below {folder}; give a folder of saved runs")
    outcomes: list[Outcome] = []
    with open_server(pg) as server, contextlib.closing(OpenArenas(server, DEFAULT_YEARS)) as arenas:
        for path, run in saved.items():
            outcome = _outcome(run, lock or _lock_of(run), times, arenas)
            outcomes.append(outcome)
            console.print(Text.assemble(MARKS[outcome.kind], f" {path}  {outcome.text}"), soft_wrap=True)
    counts = Counter(outcome.kind for outcome in outcomes)
    parts = (f"{counts[kind]} {kind}" for kind in MARKS if counts[kind])
    console.print(f"{plural(len(outcomes), 'run')}: {', '.join(parts)}", soft_wrap=True)
    if counts["violated"]:
        return EXIT_CODES["violated"]
    return EXIT_CODES["unknown"] if counts["unknown"] else EXIT_CODES["holds"]


def _outcome(saved: Run, lock: LockSpec, times: int, arenas: OpenArenas) -> Outcome:
    """Run the program of a saved run again in one of the open arenas."""
    try:
        executor = arenas.executor(lock, equipment(saved.program), saved.bounds)
    except NotApplicable as reason:
        return Outcome("skipped", f"skipped: {reason}")
    run = _run_again(saved, lock, times, executor)
    if executor.leaked_locks:
        arenas.drop(executor)
    if run.status == "violated":
        failed, tried = run.repeats or (0, 0)
        checks = ", ".join(run.violated_checks)
        return Outcome("violated", f"{run.scenario}: violated, {failed} of {tried}: {checks}")
    if run.status == "holds" and (needed := runs_needed(saved)) > times:
        return Outcome(
            "unknown", f"{run.scenario}: {times} of {times} hold, which proves nothing: use --times {needed}"
        )
    if run.status == "holds":
        return Outcome("holds", f"{run.scenario}: holds, {times} of {times}")
    return Outcome("unknown", f"{run.scenario}: unknown")


def runs_needed(saved: Run) -> int:
    """Return how many runs without a failure show that the failure of a saved run does not occur any more."""
    return enough_runs(saved.repeats) if saved.status == "violated" else 0


def describe_too_few(saved: Run, times: int, needed: int) -> str:
    """Say why runs without a failure prove nothing, and how many would."""
    failed, tried = saved.repeats or (0, 0)
    again = f"{failed} of {tried} times when it was run again" if tried else "once"
    return (
        f"This proves nothing: the saved program failed {again}, so {plural(times, 'run')} without a failure "
        f"would be no surprise. Use --times {needed}, or run the scenario again."
    )


def _run_again(saved: Run, lock: LockSpec, times: int, executor: Executor) -> Run:
    return run_again(
        Subject(saved.scenario, saved.about, lock, saved.seed),
        executor,
        saved.program,
        times=times,
        new_processes=_needs_new_processes(saved),
    )


def _needs_new_processes(saved: Run) -> bool:
    return saved.shrinking is not None and saved.shrinking.new_processes


def _executor(saved: Run, lock: LockSpec, server: Server) -> Executor:
    """Return an executor with the equipment that the program needs.  `UserError` if the server lacks it."""
    needed = equipment(saved.program)
    if (why := why_unavailable(needed, server)) is not None:
        raise UserError(f"this run cannot be replayed here: {why}")
    return Executor(partial(open_arena, server, lock, saved.bounds, equipment=needed))


def _lock_of(run: Run) -> LockSpec:
    spec = resolve_lock(None, run.lock) if run.lock_command else resolve_lock(run.lock, None)
    assert spec is not None
    return msgspec.structs.replace(spec, contract=tuple(run.contract_options.items()))
