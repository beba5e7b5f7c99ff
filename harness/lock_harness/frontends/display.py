"""What the terminal shows while scenarios run: a line for each, examples done, rate, time left."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from lock_harness.core.program import Program
from lock_harness.exploration.search import Plan, Progress
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario

PHASES = {"draw": "", "shrink": "violation found, shrinking", "repeat": "running the smallest again"}


class Display:
    """Live bars on a terminal; elsewhere only what is printed for good."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("[yellow]{task.fields[note]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._done: dict[str, dict[int, Progress]] = {}

    def begin(self, scenario: Scenario, plan: Plan) -> None:
        """Show a bar for this scenario: by examples, or without an end where something else decides."""
        total = None
        if isinstance(scenario.what, Program):
            total = 1
        elif isinstance(scenario.what, Draw) and plan.seconds is None:
            total = plan.examples or scenario.examples
        if scenario.name not in self._tasks:
            self._tasks[scenario.name] = self._bars.add_task(scenario.name, total=total, rate="", note="")
            self._done[scenario.name] = {}

    def show(self, progress: Progress) -> None:
        """Take note of one worker's progress on a scenario."""
        if progress.scenario not in self._tasks:
            return
        shares = self._done[progress.scenario]
        shares[progress.seed] = progress
        examples = sum(share.figures.examples for share in shares.values())
        seconds = max(share.figures.seconds for share in shares.values())
        unknown = sum(share.figures.unknown for share in shares.values())
        note = PHASES[progress.phase] or (f"{unknown} unknown" if unknown else "")
        rate = f"{examples / seconds:.0f}/s" if seconds else ""
        self._bars.update(self._tasks[progress.scenario], completed=examples, rate=rate, note=note)

    def end(self, scenario: str, result: RenderableType) -> None:
        """Replace the bar by what came of it."""
        if scenario in self._tasks:
            self._bars.remove_task(self._tasks.pop(scenario))
        self.console.print(result, soft_wrap=True)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began
