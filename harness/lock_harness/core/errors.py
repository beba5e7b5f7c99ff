"""Errors that end a command with one line.  The class decides the exit code."""


class HarnessError(Exception):
    """Something that is told to the user in one line: what was wrong, with what value, what to do."""

    exit_code = 2


class UserError(HarnessError):
    """What was asked cannot be done as asked; the user can mend it."""


class MachineError(HarnessError):
    """The machine or the server got in the way; nothing is known about the lock."""

    exit_code = 3


class NotApplicable(HarnessError):
    """The lock or the machine lacks what the scenario is about, which is therefore skipped."""


def one_line(text: object) -> str:
    """The message of an exception or program, folded to one line."""
    return " ".join(str(text).split())
