"""A signal always ends a command, wherever its exception is raised."""

import subprocess
import sys

import pytest

SCRIPT = """
import gc, os, signal, weakref
from lock_harness.frontends.signals import SignalReceived, end_on_signals

def send(*_):
    gc.callbacks.clear()
    os.kill(os.getpid(), {number})

class Destroyed:
    __del__ = send

end_on_signals()
try:
    {send}
    for _ in range(600):
        signal.sigtimedwait([], 0.1)
except SignalReceived as received:
    print(received, received.exit_code)
"""

PLACES = {
    "ordinary code": "send()",
    "a callback of the garbage collector": "gc.callbacks.append(send); gc.collect()",
    "a destructor": "Destroyed()",
    "a callback of fork": (
        "os.register_at_fork(after_in_parent=send)\n    if os.fork() == 0: os._exit(0)\n    os.wait()"
    ),
}
SIGNALS = {"SIGINT": "interrupted 130", "SIGTERM": "ended by SIGTERM 143", "SIGHUP": "ended by SIGHUP 129"}


@pytest.mark.parametrize("place", PLACES)
def test_a_signal_ends_the_command_wherever_its_exception_is_raised(place: str) -> None:
    script = SCRIPT.format(number="signal.SIGTERM", send=PLACES[place])
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("ended by SIGTERM 143\n", "")


@pytest.mark.parametrize("name", SIGNALS)
def test_each_signal_has_an_exit_code(name: str) -> None:
    script = SCRIPT.format(number=f"signal.{name}", send="send()")
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{SIGNALS[name]}\n", "")


def test_another_exception_that_is_ignored_is_still_shown() -> None:
    script = (
        "from lock_harness.frontends.signals import end_on_signals\n"
        "class Faulty:\n    def __del__(self): raise ValueError('shown')\n"
        "end_on_signals()\nFaulty()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert "ValueError: shown" in done.stderr
