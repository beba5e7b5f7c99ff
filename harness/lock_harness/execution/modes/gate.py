"""Gate: every actor takes its own steps, but each of its messages to the server waits at the gate for its turn.

Processes that share nothing but the server interact only through it, so the order of these messages is the whole
interleaving.  The gate decides it in its own process, see `lock_harness.gate`.
"""

from lock_harness.actors.mailbox import FaultDue
from lock_harness.core.clock import now_ns
from lock_harness.core.fault import Fault
from lock_harness.core.program import Operation
from lock_harness.execution.context import RunContext
from lock_harness.execution.modes.free_runners import FreeRunners
from lock_harness.execution.team import Stuck
from lock_harness.execution.time_limits import GRACE_MS, NS_PER_MS, opening_ms, step_ms


class GateMode:
    """Lets all actors take their steps, in the order in which the gate lets their messages through."""

    free_running = True

    def __init__(self, context: RunContext) -> None:
        self._program = context.program
        self._arena = context.arena
        self._faults = context.faults
        self._runners = FreeRunners(context)

    def take_steps(self) -> None:
        """Inject a fault whenever the gate asks for one, until all actors have finished.

        `Stuck` if they have not finished in time.
        """
        with self._runners.open_gate():
            self._runners.start(now_ns())
            deadline = now_ns() + self._longest_ms() * NS_PER_MS
            while self._runners.running:
                message = self._runners.await_message(deadline)
                if message is None and now_ns() >= deadline:
                    raise Stuck
                if isinstance(message, FaultDue):
                    self._inject(message)

    def _inject(self, due: FaultDue) -> None:
        """Inject the fault that is due, and let the gate continue.  No actor moves meanwhile."""
        fault = self._faults.fault(due.number)
        self._faults.inject(due.number, due.session)
        self._runners.report_injected(fault.actor)
        if fault.traits.ends_process:
            self._runners.resume(fault.actor)

    def _longest_ms(self) -> int:
        """Return how long the program may take if its steps run one after the other."""
        lock, steps = self._arena.lock, self._program.steps
        faults = sum(isinstance(step, Fault) for step in steps)
        # a fault may delay a reply until after the longest timeout, or make an actor open another session
        late_ms = max((step.timeout_ms for step in steps if isinstance(step, Operation)), default=0)
        fault_ms = late_ms + self._arena.bounds.release_ms + opening_ms(lock)
        return sum(step_ms(step, lock) for step in steps) + faults * fault_ms + GRACE_MS
