"""An event loop for one thread: a selector and a heap of timers."""

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
    """Calls back when a socket is ready, with the mask of READ and WRITE, and when a timer is due."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[int, int, TimerCallback]] = []
        self._numbers = count()
        self._running = True

    def watch(self, sock: socket.socket, mask: int, on_ready: ReadyCallback) -> None:
        """Call `on_ready` whenever `sock` is ready for an event in `mask`; with mask 0 stop watching `sock`."""
        watched = sock in self._selector.get_map()
        if not mask:
            if watched:
                self._selector.unregister(sock)
        elif watched:
            self._selector.modify(sock, mask, on_ready)
        else:
            self._selector.register(sock, mask, on_ready)

    def call_at(self, at_ns: int, on_due: TimerCallback) -> None:
        """Call `on_due` once, at `at_ns` of the monotonic clock or shortly after."""
        heapq.heappush(self._timers, (at_ns, next(self._numbers), on_due))

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        """Call back until `stop` is called."""
        while self._running:
            timeout = (self._timers[0][0] - now_ns()) / 1e9 if self._timers else None
            for key, mask in self._selector.select(timeout):
                key.data(mask)
            # timers that become due from now on wait, so that they cannot starve the sockets
            now = now_ns()
            while self._timers and self._timers[0][0] <= now:
                heapq.heappop(self._timers)[2]()
        self._selector.close()
