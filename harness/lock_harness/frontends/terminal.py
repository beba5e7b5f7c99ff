"""The standard output of the commands."""

import codecs
import contextlib
import io
import os
import sys

from rich.console import Console
from rich.text import Text

from lock_harness.core.errors import MachineError

# what is printed where the encoding of the output lacks a character
FALLBACKS = {
    "✓": "+",
    "✗": "x",
    "…": "...",
    "→": "->",
    "◀": "<",
    "≤": "<=",
    "⋮": ":",
    "µ": "u",
    **dict(zip("▁▂▃▄▅▆▇█", "_..::==#", strict=True)),
}
ERRORS = "lock-harness"


class OutputClosed(MachineError):
    """The reader of the output has gone, as in `lock-harness list | head -1`."""

    def __init__(self) -> None:
        super().__init__("standard output is closed")


class _Terminal(Console):
    def on_broken_pipe(self) -> None:
        """Print nothing more, and end the command."""
        self.quiet = True
        raise OutputClosed


console = _Terminal(highlight=False)


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

    try:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(data)).decode() + "\n")
    except BrokenPipeError:
        raise OutputClosed from None


def accept_any_encoding() -> None:
    """Let the output have characters that its encoding lacks: others stand for them."""
    codecs.register_error(ERRORS, _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def _replace(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(FALLBACKS.get(character, "?") for character in lacking), error.end


def flush_output() -> None:
    """Write what is left in the buffer; `OutputClosed` or another `OSError` if that fails."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise OutputClosed from None


def discard_unwritten_output() -> None:
    """Discard output that cannot be written.  Otherwise Python would try it again at exit, and end with code 120."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except OSError:
                with open(os.devnull, "wb") as nothing:
                    os.dup2(nothing.fileno(), stream.fileno())


def print_error(message: str) -> None:
    """Print a line on standard error, if it can be written."""
    with contextlib.suppress(OSError):
        print(f"lock-harness: {message}", file=sys.stderr)
