"""Race: from a common start every actor takes its own steps as fast as it can.  Faults are injected at their times.

The concurrency is real.  The machine decides which interleaving happens, so a failure need not occur again.  If
there is a gate, it lets every message through at once and records it.
"""

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from lock_harness.core.clock import now_ns
from lock_harness.core.fault import Fault
from lock_harness.core.program import Operation
from lock_harness.execution.context import RunContext
from lock_harness.execution.modes.free_runners import FreeRunners
from lock_harness.execution.team import Stuck
from lock_harness.execution.time_limits import GRACE_MS, NS_PER_MS, opening_ms, step_ms

# how long before the common start the messages are sent, so that all actors have theirs in time
HEAD_START_NS, HEAD_START_EACH_NS = 3_000_000, 250_000


class DueAction(NamedTuple):
    """A fault to be injected, or a lasting one to be healed, at a time."""

    at_ns: int
    number: int
    heal: bool


class RaceMode:
    """Lets all actors take their steps at once."""

    free_running = True

    def __init__(self, context: RunContext) -> None:
        self._program = context.program
        self._arena = context.arena
        self._faults = context.faults
        self._runners = FreeRunners(context)
        # the faults to inject or heal, as a heap
        self._queue: list[DueAction] = []

    def take_steps(self) -> None:
        """Let all actors take all their steps.  `Stuck` if one of them stops logging."""
        with self._runners.open_gate():
            begin_ns = now_ns() + HEAD_START_NS + self._program.actors * HEAD_START_EACH_NS
            self._runners.start(begin_ns)
            self._plan_faults(begin_ns)
            try:
                self._watch(begin_ns)
            finally:
                self._faults.heal_all()

    def _plan_faults(self, begin_ns: int) -> None:
        self._queue = [
            DueAction(begin_ns + step.at_ms * NS_PER_MS, number, heal=False)
            for number, step in enumerate(self._program.steps)
            if isinstance(step, Fault)
        ]
        heapify(self._queue)

    def _watch(self, begin_ns: int) -> None:
        """Inject faults at their times until all actors have finished, and check that each of them makes progress."""
        silence_ns = self._longest_silence_ms() * NS_PER_MS
        logged = self._runners.journal_lengths()
        deadline = begin_ns + silence_ns
        while self._runners.running:
            until_ns = min(self._queue[0].at_ns, deadline) if self._queue else deadline
            while self._runners.running and now_ns() < until_ns:
                self._runners.await_message(until_ns)
            if now_ns() >= deadline:
                logged = self._require_progress(logged)
                deadline += silence_ns
            while self._queue and self._queue[0].at_ns <= now_ns():
                self._perform(heappop(self._queue))

    def _require_progress(self, before: dict[str, int]) -> dict[str, int]:
        """Return how much each running actor has logged; `Stuck` if one has not logged anything since `before`."""
        now = self._runners.journal_lengths()
        if any(length == before.get(name) for name, length in now.items()):
            raise Stuck
        return now

    def _longest_silence_ms(self) -> int:
        """Return how long a running actor may take between two events in its journal."""
        steps = self._program.steps
        operations = [step for step in steps if isinstance(step, Operation)]
        waits = (step_ms(step, self._arena.lock) + step.pause_us / 1000 for step in operations)
        faults = [step for step in steps if isinstance(step, Fault)]
        faulty = sum(fault.for_ms + self._arena.bounds.release_ms for fault in faults)
        restarts = sum(fault.traits.whole_server for fault in faults)
        planned_ms = max((step.at_us for step in operations), default=0) / 1000
        return (
            round(max(waits, default=0) + planned_ms)
            + faulty
            + restarts * opening_ms(self._arena.lock)
            + GRACE_MS
        )

    def _perform(self, due: DueAction) -> None:
        """Heal a fault, or inject one unless its actor has finished or a similar fault is active."""
        fault = self._faults.fault(due.number)
        if due.heal:
            self._faults.heal(due.number)
        elif fault.actor in self._runners.running and not self._faults.overlaps_active(due.number):
            self._faults.inject(due.number)
            if fault.traits.ends_process:
                self._runners.report_injected(fault.actor)
                self._runners.resume(fault.actor)
            elif fault.traits.lasting:
                heappush(self._queue, DueAction(now_ns() + fault.for_ms * NS_PER_MS, due.number, heal=True))
