"""Errors that end a command with one line on the terminal.  The class determines the exit code."""

import errno
import sys
import traceback


class HarnessError(Exception):
    """An error that the user reads as one line: the mistake, the wrong value, and the remedy."""

    exit_code = 2


class UserError(HarnessError):
    """The command cannot be carried out as given; the user can fix it."""


class NoRoom(UserError):
    """The server has no room for a further arena: no years that are free, or too few connections."""


class MachineError(HarnessError):
    """The machine or the server prevented a result; nothing is known about the lock."""

    exit_code = 3


class InternalError(MachineError):
    """The harness itself failed.

    Attributes:
        trace: The traceback.
    """

    def __init__(self, why: str, trace: str) -> None:
        super().__init__(why)
        self.trace = trace


class NotApplicable(HarnessError):
    """The lock or the machine lacks a feature that the scenario needs, so the scenario is skipped."""


def as_harness_error(error: Exception) -> HarnessError:
    """Return an error as one that the user can read: what the server or the disk refused, or else a mistake of the harness."""
    if isinstance(error, HarnessError):
        return error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return MachineError(f"{error.strerror}: free some space")
    # not imported here: that may be what failed
    if isinstance(error, getattr(sys.modules.get("psycopg"), "Error", ())):
        return MachineError(f"the server refused what the harness needs: {one_line(error)}")
    why = f"{type(error).__name__}: {one_line(error)}"
    return InternalError(why, "".join(traceback.format_exception(error)))


def one_line(text: object) -> str:
    """Return the message of an exception or a program on one line."""
    return " ".join(str(text).split())
