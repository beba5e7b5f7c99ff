"""The signals that end a command: each raises an exception, so that the command cleans up."""

import signal
from types import FrameType
from typing import Never

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SignalReceived(KeyboardInterrupt):
    """A signal asks the command to end."""

    def __init__(self, number: int) -> None:
        name = signal.Signals(number).name
        super().__init__("interrupted" if number == signal.SIGINT else f"ended by {name}")
        self.exit_code = 128 + number


def raise_received(number: int, _frame: FrameType | None) -> Never:
    """Raise `SignalReceived`: a signal handler."""
    raise SignalReceived(number)


def end_on_signals() -> None:
    """Raise an exception on each signal that ends a command.

    A shell starts a command in the background with SIGINT ignored.  It is handled nevertheless, but SIGHUP stays ignored:
    under nohup the command survives its terminal.
    """
    for number in ENDING:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, raise_received)
