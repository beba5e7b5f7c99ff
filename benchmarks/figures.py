"""Tables of figures: a median, with the range that it comes from."""

import statistics
from collections.abc import Sequence

from rich.table import Table

REPEATS = 5
Row = tuple[str, str, str, str]


def table(title: str, rows: Sequence[Row]) -> Table:
    """A table with one line for every measure."""
    drawn = Table(title=title, title_justify="left")
    for heading in ("what", "median", "range", "aim"):
        drawn.add_column(heading, justify="left" if heading == "what" else "right")
    for one in rows:
        drawn.add_row(*one)
    return drawn


def row(what: str, values: Sequence[float], unit: str, aim: str, digits: int) -> Row:
    """One line: `values`, all in `unit`, and what is hoped for."""
    low, high = min(values), max(values)
    spread = f"{low:.{digits}f} - {high:.{digits}f}" if len(values) > 1 else "once"
    return what, f"{statistics.median(values):.{digits}f} {unit}", spread, aim
