"""One thread's sockets and times: neither keeps it from the other."""

import socket

from lock_harness.core.clock import now_ns
from lock_harness.wire.loop import READ, Loop


def test_between_two_times_that_are_due_sockets_are_looked_at() -> None:
    """Whoever looks twice whether somebody has spoken must have listened in between, however late it is."""
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
