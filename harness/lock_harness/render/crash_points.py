"""The crash points of a run as a table: a row for each message, a column for each fault."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lock_harness.core.fault import FAULTS
from lock_harness.core.run import CrashPoint
from lock_harness.render.text import STYLES, clipped_sql

MARKS = {"holds": "✓", "violated": "✗", "unknown": "?"}
COLUMNS = [(kind, point) for kind, traits in FAULTS.items() if traits.crash for point in traits.gate_points]
MAX_SQL = 36
COLUMN_WIDTH = 6
SHORT_NAMES = {"terminate": "term."}


def crash_points(points: Sequence[CrashPoint]) -> RenderableType:
    """Return the table of all points, and below it the reason for each one that does not hold."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    # only this column is cut where the terminal is narrow
    table.add_column("\nat the message")
    columns = [column for column in COLUMNS if any(_fault(point) == column for point in points)]
    for kind, at in columns:
        table.add_column(f"{SHORT_NAMES.get(kind, kind)}\n{at}", width=COLUMN_WIDTH)
    for _, group in groupby(points, _message):
        of_message = [*group]
        cells = (_marks(point for point in of_message if _fault(point) == column) for column in columns)
        table.add_row(Text(_describe_message(of_message[0]), no_wrap=True, overflow="ellipsis"), *cells)
    return Group(Text(_title(points)), table, *_reasons(points))


def _title(points: Sequence[CrashPoint]) -> str:
    orders = sum(point.orders for point in points)
    if orders:
        return f"{len(points)} crash points; after the fault the messages of the other actors in {orders} orders in all"
    return f"{len(points)} crash points; after the fault the same actor continues (first mark) or another one moves (second)"


def _message(point: CrashPoint) -> tuple[int, int]:
    return point.number, point.fault.message


def _fault(point: CrashPoint) -> tuple[str, str]:
    return point.fault.kind, point.fault.point


def _describe_message(point: CrashPoint) -> str:
    return f"{point.verb}: {clipped_sql(point.text, MAX_SQL)}"


def _marks(points: Iterator[CrashPoint]) -> Text:
    marks = [(MARKS[point.status], STYLES[point.status]) for point in points]
    return Text.assemble(*marks or [("-", "dim")])


def _reasons(points: Sequence[CrashPoint]) -> Iterator[Text]:
    """Yield one line for each fault at a message that does not hold."""
    for _, group in groupby(points, lambda point: (_message(point), point.fault)):
        of_fault = [*group]
        wrong = [point for point in of_fault if point.status != "holds"]
        if wrong:
            first = wrong[0]
            mark = (f"{MARKS[first.status]} ", STYLES[first.status])
            what = (
                f"{_describe_message(first)}, {' '.join(_fault(first))}, {_describe_order(of_fault, wrong)}"
            )
            yield Text.assemble(mark, f"{what}: {first.why}")


def _describe_order(of_fault: Sequence[CrashPoint], wrong: Sequence[CrashPoint]) -> str:
    """Return in which of the orders after the fault it does not hold."""
    if wrong[0].orders:
        return f"order {wrong[0].orders} of the other actors"
    if wrong[0].overtaken:
        return "another actor moves"
    return "the same actor continues" if len(wrong) < len(of_fault) else "either way"
