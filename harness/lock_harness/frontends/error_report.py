"""The report of an error that ends a command: one line on standard error, and the exit code."""

import contextlib
import os
import platform
import sys
import tempfile

import cyclopts

from lock_harness.core.errors import HarnessError, InternalError, UserError, as_harness_error, one_line
from lock_harness.frontends.terminal import OutputClosed, print_error

# shows the traceback of an error of the harness itself, instead of writing it to a file
VARIABLE = "LOCK_HARNESS_TRACEBACK"


def report_error(error: Exception) -> int:
    """Print an error on one line, and return the exit code that belongs to it."""
    known = _as_harness_error(error)
    if isinstance(known, InternalError):
        print_error(_report_internal_error(known))
    elif not isinstance(known, OutputClosed):
        print_error(str(known))
    return known.exit_code


def _as_harness_error(error: Exception) -> HarnessError:
    if isinstance(error, cyclopts.CycloptsError):
        return UserError(f"{one_line(error).rstrip('.')}; see lock-harness --help")
    return as_harness_error(error)


def _report_internal_error(error: InternalError) -> str:
    """Write the traceback to a file or to standard error, and return the line that asks to report it."""
    from importlib import metadata

    versions = f"lock-harness {metadata.version('lock-harness')}, Python {platform.python_version()}, {platform.platform()}"
    text = _without_secrets(f"{versions}\n\n{error.trace}")
    why = _without_secrets(f"an error of lock-harness itself: {error}")
    if os.environ.get(VARIABLE):
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr)
        return f"{why}; please report it with the traceback above"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="lock-harness-error-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
        ) as file:
            file.write(text)
    except OSError:
        return f"{why}; please report it with the traceback that {VARIABLE}=1 shows"
    return f"{why}; please report it with {file.name}"


def _without_secrets(text: str) -> str:
    try:
        from lock_harness.servers.address import redact
    except ImportError:
        # without psycopg no server can be reached
        return text
    return redact(text, "")
