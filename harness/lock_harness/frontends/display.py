"""The progress display of a run: a bar for the whole run, and a line for each lane.  Without a terminal, a line now and then."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from lock_harness.exploration.progress import Progress

PHASES = {"draw": "", "shrink": "violation found, shrinking", "repeat": "running the smallest again"}
# how often a line is printed where there is no terminal, in seconds
HEARTBEAT_S = 30.0
# how often the lines of a terminal are drawn again, in seconds
REFRESH_S = 0.1


class Display:
    """Lines that follow a run.

    Args:
        console: Where they are shown.
        total: How many examples are to be run; None if the run is limited by time.
    """

    def __init__(self, console: Console, total: int | None) -> None:
        self._console = console
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
            # without a thread of its own, since lanes are forked from this process
            auto_refresh=False,
            disable=not console.is_terminal,
        )
        self._whole = self._bars.add_task("", total=total, note="")
        self._lanes: dict[int, TaskID] = {}
        self._began = self._beat = time.monotonic()
        self._refreshed = 0.0

    def show_lane(self, lane: int, progress: Progress) -> None:
        """Show what a lane does."""
        if lane not in self._lanes:
            self._lanes[lane] = self._bars.add_task("", total=None, note="")
        figures = progress.figures
        unknown = f"{figures.unknown} unknown" if figures.unknown else ""
        rate = f"{figures.examples / figures.seconds:.0f}/s" if figures.seconds else ""
        note = " ".join(filter(None, (rate, PHASES[progress.phase] or unknown)))
        self._bars.update(self._lanes[lane], description=progress.scenario, note=note)

    def show_whole(self, examples: int, state: str) -> None:
        """Show how far the run is; without a terminal, only if there was no such line for a while."""
        self._bars.update(self._whole, completed=examples, description=f"{examples:,} examples", note=state)
        now = time.monotonic()
        if now - self._refreshed >= REFRESH_S:
            self._refreshed = now
            self._bars.refresh()
        if not self._console.is_terminal and now - self._beat >= HEARTBEAT_S:
            self._beat = now
            self.print(f"  {now - self._began:.0f} s: {examples:,} examples, {state}")

    def print(self, result: RenderableType, *, soft_wrap: bool = True) -> None:
        """Print something above the lines."""
        self._console.print(result, soft_wrap=soft_wrap, crop=False)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
