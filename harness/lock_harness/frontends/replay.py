"""A saved run, run again."""

import contextlib
from functools import partial
from pathlib import Path

from rich.console import Console

from lock_harness.analysis.view import View
from lock_harness.core.errors import UserError
from lock_harness.core.run import Run
from lock_harness.execution.arena import open_arena
from lock_harness.execution.faults import unavailable
from lock_harness.exploration.executor import Example, Executor, moved
from lock_harness.figures import Tally
from lock_harness.frontends.lock_option import resolve_lock
from lock_harness.frontends.reports import load, replay_command
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.equipment import equipment
from lock_harness.render.story import story
from lock_harness.servers.providers import open_server
from lock_harness.servers.server import Server


def replay(path: Path, times: int, lock: LockSpec | None, pg: str | None, console: Console) -> int:
    """Run the program `times` times, show the worst outcome, and return its exit code."""
    old = load(path)
    spec = lock or _lock_of(old)
    with (
        open_server(pg) as server,
        contextlib.closing(_executor(old, spec, server)) as executor,
    ):
        program = moved(old.program, executor.arena.years.first)
        tally, worst = Tally(), None
        for _ in range(times):
            example = executor.run_confirmed(program)
            tally.add(View(example.history, old.bounds), example.status)
            worst = _worse(worst, example)
        assert worst is not None
        run = Run(
            scenario=old.scenario,
            about=old.about,
            lock=str(spec),
            lock_command=bool(spec.command),
            seed=old.seed,
            status=worst.status,
            program=worst.program,
            history=worst.history,
            verdicts=worst.verdicts,
            bounds=old.bounds,
            figures=tally.figures(),
            environment=executor.arena.environment(),
            repeats=(tally.violated, times),
        )
    console.print(story(run, replay_command(path)), crop=False)
    return {"violated": 1, "unknown": 3, "holds": 0}[run.status]


def _executor(old: Run, lock: LockSpec, server: Server) -> Executor:
    needed = equipment(old.program)
    if (why := unavailable(needed, server)) is not None:
        raise UserError(f"this run cannot be replayed here: {why}")
    return Executor(partial(open_arena, server, lock, old.bounds, equipment=needed))


def _lock_of(run: Run) -> LockSpec:
    spec = resolve_lock(None, run.lock) if run.lock_command else resolve_lock(run.lock, None)
    assert spec is not None
    return spec


def _worse(one: Example | None, other: Example) -> Example:
    order = ("holds", "unknown", "violated")
    return other if one is None or order.index(other.status) > order.index(one.status) else one
