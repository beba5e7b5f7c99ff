"""All crash points of a run: a line for each message, a column for each fault."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lock_harness.core.fault import FAULTS
from lock_harness.core.run import CrashPoint
from lock_harness.render.story import STYLES, clipped

MARKS = {"holds": "✓", "violated": "✗", "unknown": "?"}
COLUMNS = [(kind, point) for kind, traits in FAULTS.items() if traits.crash for point in traits.gate_points]
SQL_SHOWN = 36  # characters of a message
COLUMN = 6  # the width of a fault's
SHORT = {"terminate": "term."}


def crash_points(points: Sequence[CrashPoint]) -> RenderableType:
    """Every one of them; and below, of each that does not hold, why."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    drawn.add_column("\nat the message")  # what is cut where the terminal is narrow
    for kind, at in COLUMNS:
        drawn.add_column(f"{SHORT.get(kind, kind)}\n{at}", width=COLUMN)
    for _, group in groupby(points, _message):
        here = [*group]
        cells = (_marks(one for one in here if _fault(one) == column) for column in COLUMNS)
        drawn.add_row(Text(_said(here[0]), no_wrap=True, overflow="ellipsis"), *cells)
    title = f"{len(points)} crash points; afterwards the struck actor goes on (first mark), or another moves (second)"
    return Group(Text(title), drawn, *_reasons(points))


def _message(point: CrashPoint) -> tuple[int, int]:
    return point.number, point.fault.message


def _fault(point: CrashPoint) -> tuple[str, str]:
    return point.fault.kind, point.fault.point


def _said(point: CrashPoint) -> str:
    return f"{point.verb}: {clipped(point.text, SQL_SHOWN)}"


def _marks(points: Iterator[CrashPoint]) -> Text:
    marks = [(MARKS[one.status], STYLES[one.status]) for one in points]
    return Text.assemble(*marks or [("-", "dim")])


def _reasons(points: Sequence[CrashPoint]) -> Iterator[Text]:
    """One for each fault at a message that does not hold: what goes wrong first, and how much of it does."""
    for _, group in groupby(points, lambda one: (_message(one), one.fault)):
        here = [*group]
        wrong = [one for one in here if one.status != "holds"]
        if wrong:
            first = wrong[0]
            then = (
                "another moves"
                if first.overtaken
                else "it goes on"
                if len(wrong) < len(here)
                else "either way"
            )
            mark = (f"{MARKS[first.status]} ", STYLES[first.status])
            yield Text.assemble(mark, f"{_said(first)}, {' '.join(_fault(first))}, {then}: {first.why}")
