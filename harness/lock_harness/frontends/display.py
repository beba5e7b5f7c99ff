"""The progress display of a terminal: a bar for each scenario, with its examples, their rate and the time left."""

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
from lock_harness.exploration.plan import Plan
from lock_harness.exploration.progress import Progress
from lock_harness.programs.draw import Draw
from lock_harness.programs.scenario import Scenario

PHASES = {"draw": "", "shrink": "violation found, shrinking", "repeat": "running the smallest again"}


class Display:
    """Bars on a terminal.  If the output is not a terminal, only the results are printed."""

    def __init__(self, console: Console) -> None:
        self._console = console
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
        self._progress: dict[str, dict[int, Progress]] = {}

    def add(self, scenario: Scenario, plan: Plan) -> None:
        """Show a bar for the scenario.  Its length is the number of examples, if that is known in advance."""
        total = None
        if isinstance(scenario.what, Program):
            total = 1
        elif isinstance(scenario.what, Draw) and plan.seconds is None:
            total = plan.examples or scenario.examples
        if scenario.name not in self._tasks:
            self._tasks[scenario.name] = self._bars.add_task(scenario.name, total=total, rate="", note="")
            self._progress[scenario.name] = {}

    def update(self, progress: Progress) -> None:
        """Show the progress of a scenario, or of one share of it, which is identified by its seed."""
        if progress.scenario not in self._tasks:
            return
        shares = self._progress[progress.scenario]
        shares[progress.seed] = progress
        examples = sum(share.figures.examples for share in shares.values())
        seconds = max(share.figures.seconds for share in shares.values())
        unknown = sum(share.figures.unknown for share in shares.values())
        note = PHASES[progress.phase] or (f"{unknown} unknown" if unknown else "")
        rate = f"{examples / seconds:.0f}/s" if seconds else ""
        self._bars.update(self._tasks[progress.scenario], completed=examples, rate=rate, note=note)

    def finish(self, scenario: str, result: RenderableType) -> None:
        """Replace the bar of the scenario by its result."""
        if scenario in self._tasks:
            self._bars.remove_task(self._tasks.pop(scenario))
        self._console.print(result, soft_wrap=True)

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
        """The time since the display was started."""
        return time.monotonic() - self._began
