"""The terminal of the commands."""

from rich.console import Console
from rich.text import Text

console = Console(highlight=False)


def print_notes(notes: list[str]) -> None:
    """Print each note on a line of its own."""
    for note in notes:
        console.print(Text(note, "dim"), soft_wrap=True)
