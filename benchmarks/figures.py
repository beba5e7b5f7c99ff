"""Tables of figures: each row has a median, the range of the values, and the aim."""

import statistics
from collections.abc import Sequence

from rich.table import Table

REPEATS = 5
Row = tuple[str, str, str, str]


def table(title: str, rows: Sequence[Row]) -> Table:
    """Return a table of these rows."""
    drawn = Table(title=title, title_justify="left")
    for heading in ("what", "median", "range", "aim"):
        drawn.add_column(heading, justify="left" if heading == "what" else "right")
    for cells in rows:
        drawn.add_row(*cells)
    return drawn


def row(what: str, values: Sequence[float], unit: str, aim: str, digits: int) -> Row:
    """Return one row.

    Args:
        what: What was measured.
        values: The measured values, in `unit`.
        unit: The unit that is shown.
        aim: The value to aim for, in words.
        digits: How many digits to show after the decimal point.
    """
    low, high = min(values), max(values)
    spread = f"{low:.{digits}f} - {high:.{digits}f}" if len(values) > 1 else "once"
    return what, f"{statistics.median(values):.{digits}f} {unit}", spread, aim
