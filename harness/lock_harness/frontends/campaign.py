"""A `run` command: run scenarios one after the other or in workers, and show, save and sum up the results."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from lock_harness.core.errors import HarnessError, MachineError, NotApplicable
from lock_harness.core.run import Run
from lock_harness.exploration.explore import Interrupted
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.progress import Progress
from lock_harness.frontends.display import Display
from lock_harness.frontends.jobs import Job, run_job
from lock_harness.frontends.messages import Failed, Saved, Skipped, WorkerMessage
from lock_harness.frontends.options import RunOptions
from lock_harness.frontends.reports import load, replay_command, save, save_junit
from lock_harness.frontends.shares import PendingShares, divide_plan
from lock_harness.frontends.workers import run_in_workers
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario
from lock_harness.render.crash_points import crash_points
from lock_harness.render.story import story
from lock_harness.render.summary import exit_code, line, merged, succeeded
from lock_harness.servers.server import Server


class _WorkerFailed(HarnessError):
    """The error of a worker, with its exit code."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.why)
        self.exit_code = failed.exit_code


class Campaign:
    """Runs scenarios on one server; prints and saves each run, and sums up at the end."""

    def __init__(self, scenarios: Sequence[Scenario], options: RunOptions, console: Console) -> None:
        self._scenarios = scenarios
        self._options = options
        self._console = console
        self._display = Display(console)
        self._runs: list[tuple[Run, Path]] = []
        self._skipped = 0

    def run(self, server: Server) -> int:
        """Run all scenarios and return the exit code.  After an error, sum up the runs that were finished before it."""
        with self._display:
            try:
                if self._options.workers is None:
                    self._run_one_by_one(server)
                else:
                    self._run_in_workers(server, self._options.workers)
            finally:
                self._sum_up()
        return exit_code(run for run, _ in self._runs)

    def _run_one_by_one(self, server: Server) -> None:
        options = self._options
        for index, scenario in enumerate(self._scenarios):
            plan = self._plan(self._seconds_for(index))
            self._display.add(scenario, plan)
            job = Job(
                scenario=scenario,
                plan=plan,
                lock=options.lock,
                years=options.years,
                release_ms=options.release_ms,
            )
            try:
                self._save(run_job(job, server, self._display.update))
            except NotApplicable as reason:
                self._note_skipped(scenario.name, str(reason))
            except Interrupted as interrupted:
                self._save(interrupted.run)
                raise KeyboardInterrupt from None

    def _plan(self, seconds: float | None) -> Plan:
        return Plan(examples=self._options.examples, seconds=seconds, seed=self._options.seed)

    def _seconds_for(self, index: int) -> float | None:
        """Return an equal part of the time that is left.  Fixed programs take almost none, so they have no part."""
        if self._options.seconds is None:
            return None
        left = self._options.seconds - self._display.seconds
        return max(0.0, left) / _number_drawn(self._scenarios[index:])

    def _save(self, run: Run) -> None:
        self._add_result(run, save(run, self._options.reports))

    def _add_result(self, run: Run, path: Path) -> None:
        self._runs.append((run, path))
        self._print_result(run, path)

    def _print_result(self, run: Run, path: Path) -> None:
        """Print one line, and the whole story of a failed run or a caught planted lock."""
        self._display.finish(run.scenario, line(run))
        if run.coverage.crash_points:
            self._console.print(Padding(crash_points(run.coverage.crash_points), (0, 0, 1, 6)), crop=False)
        if not succeeded(run) or run.expects:
            self._console.print(story(run, replay_command(path)), crop=False)
            self._console.print()

    def _run_in_workers(self, server: Server, workers: int) -> None:
        plan = self._plan(self._seconds_in_workers())
        for scenario in self._scenarios:
            self._display.add(scenario, plan)
        pending = PendingShares(
            {scenario.name: len(divide_plan(plan, scenario, workers)) for scenario in self._scenarios}
        )
        messages = run_in_workers(
            scenarios=self._scenarios, plan=plan, workers=workers, server=server, options=self._options
        )
        try:
            with contextlib.closing(messages):
                for message in messages:
                    self._handle_message(message, pending)
            if pending.scenarios:
                missing = ", ".join(pending.scenarios)
                raise MachineError(f"a worker ended without a result for {missing}: is there enough memory?")
        finally:
            # An interruption may leave scenarios of which only some shares are saved.
            for paths in pending.incomplete():
                self._add_merged(paths)

    def _seconds_in_workers(self) -> float | None:
        """Return the time for one share of a drawn scenario.  Each worker takes a share of every scenario."""
        if self._options.seconds is None:
            return None
        return self._options.seconds / _number_drawn(self._scenarios)

    def _handle_message(self, message: WorkerMessage, pending: PendingShares) -> None:
        if isinstance(message, Progress):
            self._display.update(message)
        elif isinstance(message, Saved):
            if paths := pending.add(message.scenario, Path(message.path)):
                self._add_merged(paths)
        elif isinstance(message, Skipped):
            if pending.discard(message.scenario):
                self._note_skipped(message.scenario, message.why)
        else:
            raise _WorkerFailed(message)

    def _add_merged(self, paths: Sequence[Path]) -> None:
        """Add the run that sums up these shares of one scenario, with the path of the share that it shows."""
        runs = [load(path) for path in paths]
        whole = merged(runs)
        shown = next(path for run, path in zip(runs, paths, strict=True) if run.program == whole.program)
        self._add_result(whole, shown)

    def _note_skipped(self, scenario: str, why: str) -> None:
        self._skipped += 1
        self._display.finish(scenario, Text.assemble(("-", "dim"), f" {scenario:<34}skipped   {why}"))

    def _sum_up(self) -> None:
        """Write junit.xml and print the last line."""
        if not self._runs:
            return
        runs = [run for run, _ in self._runs]
        path = save_junit(runs, [path for _, path in self._runs], self._options.reports)
        good = sum(succeeded(run) for run in runs)
        examples = sum(run.figures.examples for run in runs)
        unknown = sum(run.figures.unknown for run in runs)
        self._console.print(
            f"{good} of {len(self._scenarios) - self._skipped} scenarios as they should be, "
            f"{examples:,} example{'' if examples == 1 else 's'}{f', {unknown} unknown' if unknown else ''}, "
            f"{self._display.seconds:.1f} s; reports in {path.parent}/",
            soft_wrap=True,
        )


def _number_drawn(scenarios: Sequence[Scenario]) -> int:
    """Return how many of the scenarios are drawn, but at least 1."""
    return max(1, sum(isinstance(scenario.what, Draw) for scenario in scenarios))
