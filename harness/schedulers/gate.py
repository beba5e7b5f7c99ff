"""Gate: every actor takes its own steps, but what it says to the server waits at the gate for its turn.

Processes that share nothing but the server can only meet there, so the order of these messages is the whole
interleaving: who moves next is decided in the gate's own process, see `harness.gate`.
"""

from harness.actors.mailbox import Go
from harness.clock import now_ns
from harness.gate.service import Player
from harness.model import Operation
from harness.schedulers.race import Race
from harness.schedulers.stage import GRACE_MS, MS, Stuck


class Gated(Race):
    """Runs one program on an arena with a gate."""

    def _take_steps(self) -> None:
        gate = self._arena.gate
        assert gate is not None
        self._running = set(range(len(self._team)))
        gate.open(self._program, [self._player(actor) for actor in self._running])
        try:
            for actor in self._running:
                self._send(
                    actor, Go(now_ns(), tuple(self._own[actor]), len(self._program.steps), 1, gated=True)
                )
            self._listen(now_ns() + self._longest_ms() * MS)
            if self._running:
                raise Stuck
        finally:
            self._statements = gate.shut()
        self._read_journals()

    def _player(self, actor: int) -> Player:
        one = self._team[actor]
        pids = {one.pid, *([one.ready.client_pid] if one.ready else [])}
        return Player(one.name, one.session.rpartition(".")[0], tuple(pids))

    def _longest_ms(self) -> int:
        """By when everybody must be through: in turn, at worst."""
        steps = self._program.steps
        return sum(step.timeout_ms for step in steps if isinstance(step, Operation)) + GRACE_MS
