"""Small pieces of text for the terminal."""

from io import StringIO

from rich.console import Console, RenderableType
from rich.text import Text

STYLES = {"holds": "green", "violated": "bold red", "unknown": "yellow", "not applicable": "dim"}


def unbroken_line(*parts: str | tuple[str, str]) -> Text:
    """Return a line that rich does not wrap, so that it can be copied in one piece; the terminal may wrap it."""
    return Text.assemble(*parts, no_wrap=True, overflow="ignore")


def clipped_sql(sql: str, max_length: int) -> str:
    """Return a statement without its schema `pg_catalog`, cut to `max_length` characters."""
    text = sql.replace("pg_catalog.", "")
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"


def plural(count: int, noun: str) -> str:
    """Return the count with its noun, as `1 step` or `2 steps`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def plain(renderable: RenderableType, width: int = 110) -> str:
    """Return the output of rich as text without colours."""
    console = Console(file=StringIO(), width=width, color_system=None, force_terminal=False)
    console.print(renderable, crop=False)
    assert isinstance(console.file, StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())
