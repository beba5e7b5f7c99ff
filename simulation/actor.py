"""The process of a simulated actor, which a fault can stop or kill."""

from typing import Protocol

from simulation.client import SimulatedClient
from simulation.clock import Process


class Workload(Protocol):
    """The operations that a client calls; a new process continues where a killed one ended."""

    def run(self) -> Process:
        """Call the operations until none is left."""


class SimulatedActor:
    """Runs a workload in one process after the other."""

    def __init__(self, client: SimulatedClient, workload: Workload) -> None:
        self.client = client
        self._workload = workload
        self._clock = client.world.clock
        self._paused_until_ns = 0
        self._processes = 0
        self._finished = False

    @property
    def can_be_hit(self) -> bool:
        """Whether a fault can be injected: the actor is at work, and no other fault is active."""
        paused = self._paused_until_ns > self._clock.now_ns
        return not self._finished and not paused and self.client.session.fault is None

    def start(self) -> None:
        """Start a process."""
        self._processes += 1
        self._clock.start(self._run())

    def kill(self) -> None:
        """Kill the process; its last request may still arrive at the server."""
        self._processes += 1
        self.client.forget_all()

    def pause(self, duration_ns: int) -> None:
        """Stop the process for some time."""
        self._paused_until_ns = self._clock.now_ns + duration_ns

    def _run(self) -> Process:
        process = self._processes
        for wait_ns in self._workload.run():
            yield wait_ns
            while process == self._processes and self._paused_until_ns > self._clock.now_ns:
                yield self._paused_until_ns - self._clock.now_ns
            if process != self._processes:
                return
        self._finished = True
