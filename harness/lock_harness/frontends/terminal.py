"""The terminal of the commands."""

import sys

from rich.console import Console
from rich.text import Text

console = Console(highlight=False)


def send_to_stderr() -> None:
    """Let the console write to stderr, since stdout is for results that a program reads."""
    console.stderr = True


def print_notes(notes: list[str]) -> None:
    """Print each note on a line of its own."""
    for note in notes:
        console.print(Text(note, "dim"), soft_wrap=True)


def print_json(data: object) -> None:
    """Print data as JSON for other programs, without colours and line breaks of the terminal."""
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(data)).decode() + "\n")
