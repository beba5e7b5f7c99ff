"""The signals that end a command: each raises an exception, so that the command cleans up."""

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Never

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# how soon a signal whose exception was ignored arrives again
AGAIN_S = 0.01


class SignalReceived(KeyboardInterrupt):
    """A signal asks the command to end."""

    def __init__(self, number: int) -> None:
        name = signal.Signals(number).name
        super().__init__("interrupted" if number == signal.SIGINT else f"ended by {name}")
        self.number = number

    @property
    def exit_code(self) -> int:
        """The exit code that shells show for a process that the signal ended."""
        return 128 + self.number


def raise_received(number: int, _frame: FrameType | None) -> Never:
    """Raise `SignalReceived`: a signal handler."""
    raise SignalReceived(number)


def end_on_signals() -> None:
    """Raise an exception on each signal that ends a command.

    A shell starts a command in the background with SIGINT ignored.  It is handled nevertheless, but SIGHUP stays ignored:
    under nohup the command survives its terminal.
    """
    sys.unraisablehook = _deliver_again
    for number in ENDING:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, raise_received)


def _deliver_again(unraisable: "UnraisableHookArgs") -> None:
    """Let a signal arrive again if its exception was raised in a callback of fork or of the garbage collector.

    Python ignores exceptions there, so the signal would be lost.
    """
    received = unraisable.exc_value
    if isinstance(received, SignalReceived):
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(received.number))
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
    else:
        sys.__unraisablehook__(unraisable)
