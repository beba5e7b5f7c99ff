"""The operations that simulated actors call."""

from lock_harness.core.program import Month
from simulation.client import SimulatedClient
from simulation.clock import Process

PROBE_TIMEOUT_MS = 1500


class FewOperations:
    """Up to eight operations of all kinds, and then the release of the held months."""

    def __init__(self, client: SimulatedClient) -> None:
        self._client = client
        self._random = client.world.random
        self._left = self._random.randrange(2, 9)

    def run(self) -> Process:
        """Call the operations that are left."""
        client = self._client
        while self._left:
            self._left -= 1
            yield from client.reopen_if_lost(self._operation())
        while client.held:
            yield from client.reopen_if_lost(client.release(next(iter(client.held))))

    def _operation(self) -> Process:
        client, month = self._client, self._random.choice(self._client.world.months)
        match self._random.randrange(8):
            case 0:
                yield from client.is_locked(month)
            case 1:
                yield from client.release(month)
            case 2:
                yield from client.hold(month)
            case 3:
                yield from client.reopen()
            case _:
                yield from client.acquire(month, self._random.choice((0, 0, 5, 20)))
                if client.held.get(month):
                    yield client.world.clock.draw_ns(client.world.timing.work_ns)
                    yield from client.count(month)
                    if self._random.random() < 0.7:
                        yield from client.release(month)


class RaceOperations:
    """Acquires and releases without a pause, until all clients together have called so many operations."""

    def __init__(self, client: SimulatedClient, total: int) -> None:
        self._client = client
        self._random = client.world.random
        self._total = total

    def run(self) -> Process:
        """Call operations until the total is reached."""
        log = self._client.world.log
        while log.operations < self._total:
            yield from self._client.reopen_if_lost(self._operations())

    def _operations(self) -> Process:
        client, month = self._client, self._random.choice(self._client.world.months)
        if self._random.random() < 0.2:
            yield from client.is_locked(month)
        elif self._random.random() < 0.02:
            yield from client.release(month)
        else:
            yield from self._acquire_and_release(month)

    def _acquire_and_release(self, month: Month) -> Process:
        """Acquire `month`, sometimes more than once, and release it as often."""
        client, clock, timing = self._client, self._client.world.clock, self._client.world.timing
        times = 0
        while times == 0 or self._random.random() < 0.1:
            yield from client.acquire(month, self._random.choice((0, 5, 20, 50)))
            if client.held.get(month, 0) == times:
                # refused
                return
            times += 1
            yield clock.draw_ns(timing.work_ns)
        for _ in range(times):
            yield clock.draw_ns(timing.think_ns)
            yield from client.release(month)


class Probe:
    """One acquire and release of a month after everything else, with time to wait for the end of old sessions."""

    def __init__(self, client: SimulatedClient, month: Month) -> None:
        self._client = client
        self._month = month

    def run(self) -> Process:
        """Acquire the month, and release it."""
        client = self._client
        if client.session.fault:
            yield from client.reopen()
        yield from client.reopen_if_lost(client.acquire(self._month, PROBE_TIMEOUT_MS))
        if client.held:
            yield from client.reopen_if_lost(client.release(self._month))
