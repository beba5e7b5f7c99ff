"""Readiness and time for one thread: a selector and a heap of timers."""

import heapq
import selectors
import socket
from collections.abc import Callable
from itertools import count

from lock_harness.core.clock import now_ns

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
ReadyCallback = Callable[[int], None]
TimerCallback = Callable[[], None]


class Loop:
    """Calls back who can read or write (with the mask of what), and who wanted to be called at a time."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[int, int, TimerCallback]] = []
        self._numbers = count()
        self._running = True

    def watch(self, sock: socket.socket, mask: int, ready: ReadyCallback) -> None:
        """From now on look for `mask` on `sock`; 0: for nothing."""
        watched = sock in self._selector.get_map()
        if not mask:
            if watched:
                self._selector.unregister(sock)
        elif watched:
            self._selector.modify(sock, mask, ready)
        else:
            self._selector.register(sock, mask, ready)

    def call_at(self, at_ns: int, due: TimerCallback) -> None:
        """Call `due` once, at that time of our clock or shortly after."""
        heapq.heappush(self._timers, (at_ns, next(self._numbers), due))

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        """Serve until stopped."""
        while self._running:
            timeout = (self._timers[0][0] - now_ns()) / 1e9 if self._timers else None
            for key, mask in self._selector.select(timeout):
                key.data(mask)
            now = now_ns()  # what comes due meanwhile waits until sockets were looked at again
            while self._timers and self._timers[0][0] <= now:
                heapq.heappop(self._timers)[2]()
        self._selector.close()
