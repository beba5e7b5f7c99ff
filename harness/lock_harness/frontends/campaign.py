"""One `run` command: its scenarios one after the other, or shared out; shown, saved and summed up."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from lock_harness.core.errors import HarnessError, MachineError, NotApplicable
from lock_harness.core.run import Run
from lock_harness.exploration.explore import Interrupted
from lock_harness.exploration.search import Plan, Progress
from lock_harness.frontends.display import Display
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.frontends.messages import Failed, Saved, Skipped, WorkerMessage
from lock_harness.frontends.reports import load, replay_command, save, save_junit
from lock_harness.frontends.shares import divide_plan
from lock_harness.frontends.workers import run_shared
from lock_harness.locks.loading import LockSpec
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario
from lock_harness.render.crash_points import crash_points
from lock_harness.render.story import story
from lock_harness.render.summary import exit_code, line, merged, succeeded
from lock_harness.servers.lease import Years
from lock_harness.servers.server import Server


@dataclass(frozen=True)
class Options:
    """What the user asked for; None where it was left open."""

    examples: int | None
    seconds: float | None
    seed: int | None
    workers: int | None
    lock: LockSpec | None
    years: Years
    release_ms: int | None
    reports: Path


class _Stop(HarnessError):
    """A worker's error, with the exit code that it came with."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.why)
        self.exit_code = failed.exit_code


class Campaign:
    """Runs scenarios and keeps what came of them."""

    def __init__(self, scenarios: Sequence[Scenario], options: Options, console: Console) -> None:
        self._scenarios = scenarios
        self._options = options
        self._console = console
        self._runs: list[tuple[Run, Path]] = []
        self._skipped = 0
        self._display = Display(console)
        self.seed = Plan().seed if options.seed is None else options.seed

    def run(self, server: Server) -> int:
        """The exit code; whatever happens, what was finished is saved."""
        with self._display:
            try:
                if self._options.workers is None:
                    self._one_by_one(server)
                else:
                    self._shared(server, self._options.workers)
            finally:
                self._sum_up()
        return exit_code(run for run, _ in self._runs)

    def _one_by_one(self, server: Server) -> None:
        for index, scenario in enumerate(self._scenarios):
            plan = Plan(self._options.examples, self._time_for(index), self.seed)
            self._display.begin(scenario, plan)
            job = Job(scenario, plan, self._options.lock, self._options.years, self._options.release_ms)
            try:
                self._keep(run_job(job, server, self._display.show))
            except NotApplicable as reason:
                self._show_skipped(scenario.name, str(reason))
            except Interrupted as interrupted:
                self._keep(interrupted.run)
                raise KeyboardInterrupt from None

    def _time_for(self, index: int) -> float | None:
        """An equal part of the time that is left; fixed programs take next to none."""
        if self._options.seconds is None:
            return None
        left = self._options.seconds - self._display.seconds
        drawn = sum(isinstance(scenario.what, Draw) for scenario in self._scenarios[index:])
        return max(0.0, left) / max(1, drawn)

    def _keep(self, run: Run) -> None:
        path = save(run, self._options.reports)
        self._runs.append((run, path))
        self._show(run, path)

    def _show(self, run: Run, path: Path) -> None:
        """One line, or where that is not enough all there is to tell."""
        self._display.end(run.scenario, line(run))
        if run.coverage.crash_points:
            self._console.print(Padding(crash_points(run.coverage.crash_points), (0, 0, 1, 6)), crop=False)
        if not succeeded(run) or run.expects:
            self._console.print(story(run, replay_command(path)), crop=False)
            self._console.print()

    def _shared(self, server: Server, workers: int) -> None:
        options = self._options
        plan = Plan(options.examples, self._share_of_time(), self.seed)
        for scenario in self._scenarios:
            self._display.begin(scenario, plan)
        parts: dict[str, list[Path]] = {scenario.name: [] for scenario in self._scenarios}
        expected = {scenario.name: len(divide_plan(plan, scenario, workers)) for scenario in self._scenarios}
        words = run_shared(
            *(self._scenarios, plan, workers, server, options.lock),
            *(options.years, options.release_ms, options.reports),
        )
        try:
            with contextlib.closing(words):
                for word in words:
                    self._hear(word, parts, expected)
            if parts:
                lacking = ", ".join(parts)
                raise MachineError(f"a worker ended without a result for {lacking}; is there memory enough?")
        finally:
            for paths in parts.values():  # what an interruption left incomplete
                if paths:
                    self._keep_merged(paths)

    def _hear(self, word: WorkerMessage, parts: dict[str, list[Path]], expected: dict[str, int]) -> None:
        """`parts`: the results so far of what is not complete yet."""
        if isinstance(word, Progress):
            self._display.show(word)
        elif isinstance(word, Saved):
            parts[word.scenario].append(Path(word.path))
            if len(parts[word.scenario]) == expected[word.scenario]:
                self._keep_merged(parts.pop(word.scenario))
        elif isinstance(word, Skipped):
            if parts.pop(word.scenario, None) is not None:
                self._show_skipped(word.scenario, word.why)
        else:
            raise _Stop(word)

    def _share_of_time(self) -> float | None:
        """Seconds for each share of a drawn scenario, when all shares of all fill the time together."""
        if self._options.seconds is None:
            return None
        drawn = sum(isinstance(scenario.what, Draw) for scenario in self._scenarios)
        return self._options.seconds / max(1, drawn)

    def _keep_merged(self, paths: Sequence[Path]) -> None:
        runs = [load(path) for path in paths]
        whole = merged(runs)
        path = next(path for run, path in zip(runs, paths, strict=True) if run.program == whole.program)
        self._runs.append((whole, path))
        self._show(whole, path)

    def _show_skipped(self, scenario: str, why: str) -> None:
        self._skipped += 1
        self._display.end(scenario, Text.assemble(("-", "dim"), f" {scenario:<34}skipped   {why}"))

    def _sum_up(self) -> None:
        if not self._runs:
            return
        runs = [run for run, _ in self._runs]
        path = save_junit(runs, [path for _, path in self._runs], self._options.reports)
        good = sum(succeeded(run) for run in runs)
        examples = sum(run.figures.examples for run in runs)
        unknown = sum(run.figures.unknown for run in runs)
        doubts = f", {unknown} unknown" if unknown else ""
        self._console.print(
            f"{good} of {len(self._scenarios) - self._skipped} scenarios as they should be, "
            f"{examples:,} example{'' if examples == 1 else 's'}{doubts}, "
            f"{self._display.seconds:.1f} s; reports in {path.parent}/",
            soft_wrap=True,
        )
