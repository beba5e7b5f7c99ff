"""Gate: every actor takes its own steps, but what it says to the server waits at the gate for its turn.

Processes that share nothing but the server can only meet there, so the order of these messages is the whole
interleaving: who moves next is decided in the gate's own process, see `lock_harness.gate`.
"""

from lock_harness.actors.mailbox import FaultDue, MailboxMessage
from lock_harness.core.clock import now_ns
from lock_harness.core.fault import Fault
from lock_harness.core.program import Operation
from lock_harness.execution.faults.injector import Victim
from lock_harness.execution.modes.race import Race
from lock_harness.execution.stage import GRACE_MS, MS, Stuck


class Gated(Race):
    """Runs one program on an arena with a gate."""

    def _run_all(self) -> None:
        assert self._gate is not None
        self._running = set(range(len(self._team)))
        for actor in self._running:
            self._send_go(actor, now_ns())
        self._listen(now_ns() + self._longest_ms() * MS)
        if self._running:
            raise Stuck

    def _longest_ms(self) -> int:
        """By when everybody must be through: in turn, at worst."""
        steps = self._program.steps
        asked = sum(map(self._patience_ms, steps))
        faults = [step for step in steps if isinstance(step, Fault)]
        late = max((step.timeout_ms for step in steps if isinstance(step, Operation)), default=0)
        return asked + len(faults) * (late + self._arena.bounds.release_ms + self._open_ms) + GRACE_MS

    # Faults

    _struck: FaultDue | None = None  # while a fault strikes

    def _last_known(self, actor: int) -> Victim:
        """The session that the fault strikes may be one that is being opened: then it is that of the next life."""
        victim = super()._last_known(actor)
        if self._struck is None or self._struck.session == victim.session:
            return victim
        killed = self._fault(self._struck.number).traits.ends_process
        return victim._replace(session=self._struck.session, incarnation=victim.incarnation + (not killed))

    def _read(self, message: MailboxMessage) -> MailboxMessage:
        if isinstance(message, FaultDue):
            self._let_strike(message)
        return super()._read(message)

    def _let_strike(self, struck: FaultDue) -> None:
        """The gate has come to this fault, and nobody moves."""
        fault = self._fault(struck.number)
        self._struck = struck
        self._strike(struck.number, fault)
        self._struck = None
        assert self._gate is not None
        self._gate.go_on(fault.actor, self._player(fault.actor))
        if fault.traits.ends_process:
            self._go_on(fault.actor)
