"""The event loop serves sockets and timers in turn."""

import socket

from lock_harness.core.clock import now_ns
from lock_harness.wire.loop import READ, Loop


def test_sockets_are_served_between_two_timers_that_are_due() -> None:
    """A timer that looks for messages twice must find those that arrived in between, even if it is late."""
    loop, happened = Loop(), []
    ours, theirs = socket.socketpair()

    def look() -> None:
        happened.append("looked")
        theirs.send(b"!")
        if happened.count("looked") == 2:
            loop.stop()
        else:
            loop.call_at(now_ns(), look)

    with ours, theirs:
        loop.watch(ours, READ, lambda _: happened.append(ours.recv(1).decode()))
        loop.call_at(now_ns(), look)
        loop.run()
    assert happened == ["looked", "!", "looked"]
